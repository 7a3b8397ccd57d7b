"""What is keeping them worth, and what would keep them?"""
