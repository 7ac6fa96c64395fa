"""The program `tdh-receipts`: the receipt key, and what is done before it seals."""
