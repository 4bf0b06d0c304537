"""Pages of one's own account: what it has, every movement of its money, its API keys.

Rules:
- Plain forms and links: all of it works without JavaScript.
- Who is logged in and has no trading account is told so, by one page, at every address here.
- What a filter cannot make sense of is said beside it; nothing is guessed.
"""
