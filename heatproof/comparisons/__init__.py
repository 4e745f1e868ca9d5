"""Two networks on the same images: do they look at the same?"""
