"""
Questions over lakes of 10 and 100 million rows: seconds and memory of each, as a process from its start to its end.

__main__     the run: lakes, then each question in turns, then the report
generator    the log that the lakes are made of
networks     AS numbers for its clients
questions    what is asked: the commands as a person types them
following    `whofrom watch` on a log that grows: does it keep up?
report       results to Markdown
"""
