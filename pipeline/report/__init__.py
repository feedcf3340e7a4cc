"""Pages: one file each, without a script, that needs nothing from elsewhere."""
