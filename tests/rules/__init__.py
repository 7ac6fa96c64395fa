"""Every rule of the judge, and the proof that it is needed: see `rule`."""
