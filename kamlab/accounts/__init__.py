"""What is each account's history and standing as of a date?"""
