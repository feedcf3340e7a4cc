"""The log half of whofrom: records and access logs in, a lake of resolved rows, three questions answered."""
