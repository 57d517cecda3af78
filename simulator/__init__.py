"""The whole service on one machine, and the pretend outside world.

Never shipped: Chalice packages only app.py and chalicelib/.
"""
