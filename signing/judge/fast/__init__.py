"""The fast lane of the judge: understands the common letter whole, or says nothing about it."""
