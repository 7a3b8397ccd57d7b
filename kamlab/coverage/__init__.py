"""Who looks after whom?"""
