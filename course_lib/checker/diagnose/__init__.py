"""What a wrong result has in common with the right one, where no known mistake fits.

`numbers` and `sequences` compare results, `inputs` asks for which other input the result would be right, `words` says it.
"""
