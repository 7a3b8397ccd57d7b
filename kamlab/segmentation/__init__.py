"""Which accounts are key, and who is becoming or ceasing to be one?"""
