"""What spark-submit is given, in a folder of its own: see `whofrom.py`."""
