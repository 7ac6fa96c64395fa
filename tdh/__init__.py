"""What a registered delivery is, and how the parts are joined."""
