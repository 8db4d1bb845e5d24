"""What the lesson tunes: CLIP on hard negatives, the assistant on data that harm it, and on preferences that mend it."""
