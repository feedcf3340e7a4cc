"""Where do requests come from? Answers by place, over time, and beside an earlier period; as a table, a map, a page."""
