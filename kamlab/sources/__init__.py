"""What do we know, from every channel, and can it be trusted?"""
