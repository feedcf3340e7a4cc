"""The server under load for minutes: are all answers logged, to the last one, and does memory stay where it was?"""
