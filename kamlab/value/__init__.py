"""What will an account be worth?"""
