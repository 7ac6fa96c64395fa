"""`tdh doctor`: whether an installation is well, for its operator. Looks, and changes nothing."""
