"""Who is leaving, when and why?"""
