"""Visual instruction data, written by a teacher that reads captions and boxes and never sees a picture (Lesson 05)."""
