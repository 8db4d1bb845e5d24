"""Wordings of the grammar teacher's reasoning questions. A question must not give the picture away."""

QUESTIONS = {
    "sweep": (
        "Somebody comes in from {side} and walks straight on. What do they meet first?",
        "If a curtain were slowly opened from {side}, what would come to light first?",
        "What would you come across first on a way that begins at {side}?",
        "A lamp is carried through the picture, beginning at {side}. What is lit first?",
        "Suppose that fog clears from {side} onwards. What appears before all else?",
        "Reading the scene as if it began at {side}, with what does it begin?",
    ),
    "without": (
        "If the largest thing here were taken away, how many would be left?",
        "Someone removes the biggest thing. How many things remain?",
        "How many things would there still be without the largest one?",
        "Imagine that the biggest thing is gone. What number of things stays behind?",
        "Not counting the largest thing, how many things are there?",
        "Suppose the biggest of all things leaves. How many are left then?",
    ),
    "half": (
        "If the {side} half of the picture were covered, how many things would stay in view?",
        "Someone folds the {side} half away. How many things can still be seen?",
        "How many things would remain if only the {other} half were kept?",
        "The {side} half gets lost. How many things are saved?",
        "Imagine that the {side} half is dark. How many things can you still make out?",
        "Of all things, how many are left when the {side} half is cut off?",
    ),
    "between": (
        "Which thing has the other ones on both of its sides?",
        "Going from the left to the right, what is neither first nor last?",
        "What would the outermost two things meet if both moved towards one another?",
        "Which thing is in the middle of the row, counted from either side?",
        "Which of them has a neighbour to its left and one to its right?",
        "If all stood in a queue from left to right, who would be in the middle?",
    ),
    "use": (
        "Which of these things could one {use}, and why?",
        "Somebody would like to {use} something. What fits here?",
        "What here is of use to a person who wants to {use} something?",
        "If you had to {use} one of the things, which one would it be?",
        "Is there something that one could {use}? Say what and why.",
        "You want to {use} something here. What do you take?",
    ),
    "advice": (
        "What should a visitor to this place be ready for?",
        "How should one prepare for coming here?",
        "What would you tell somebody who is about to come here?",
        "What does it take to feel well in this place?",
        "You are asked along to this place. What do you think of beforehand?",
        "What matters most to whoever wants to stay here?",
    ),
    "nearest": (
        "Which two things could most easily touch one another?",
        "If two of the things wanted to meet, for which would the way be shortest?",
        "Which two things are the closest neighbours?",
        "Between which two things is the distance smallest?",
        "What would you tie together if the string were short?",
        "Which pair of things is nearest to one another?",
    ),
    "room": (
        "Where would there be the most room for another thing, and why?",
        "If something were to be added, where would you put it?",
        "Which side of the picture is the emptier one, and how can one tell?",
        "You want to write a line of text over the picture. Where does it hide nothing?",
        "Somebody needs an empty spot. In which direction should they look?",
        "On which side could the picture be cut without losing a thing?",
    ),
    "simplest": (
        "What do you think this is about, and what speaks for it?",
        "What would somebody remember of this picture, and why that?",
        "Which name would you give to this picture, and for what reason?",
        "What must not be missing if one draws this picture again?",
        "How would you sum this up for a friend, and what makes you say so?",
        "What is it that makes this picture what it is?",
    ),
}
ANSWERS = {
    "sweep": (
        "The {thing}. It is nearer to {side} than anything else, and the {other} only {comes} after it.",
        "It would be the {thing}: measured from {side}, nothing lies before it, and next {comes} the {other}.",
        "First {comes} the {thing}, since it lies closest to {side}; the {other} {is} farther away from there.",
    ),
    "without": (
        "{Left}. There are {all} things in all, and the {thing} {is} the biggest of them; without it, {rest} would be left.",
        "{Left}: of {all} things, the {thing} {is} the largest, and {rest} would stay behind.",
        "It would be {left}, because {all} things are here and the largest one, the {thing}, no longer counts. That leaves {rest}.",
    ),
    "half": (
        "{Left}. Of the {all} things, {rest} lie in the {other} half, so these stay.",
        "{Left}: in the {other} half there would still be {rest}, out of {all} things in all.",
        "It would be {left}, since {rest} lie in the {other} half, and the rest of the {all} things in the {side} one.",
    ),
    "between": (
        "The {thing}. To its left {is1} the {first}, and to its right the {last}.",
        "It is the {thing}, because the {first} lies farther to the left and the {last} farther to the right.",
        "That would be the {thing}: it comes after the {first} and before the {last}, from left to right.",
    ),
    "use": (
        "The {thing}: that is something to {use}, while the {other} would be of no help.",
        "I would say the {thing}. One can {use} such a thing, which can't be said of the {other}.",
        "The {thing} {is} the right choice, because that is made to {use}; the {other} {is1} not.",
    ),
    "advice": (
        "One should {advice}, because we are {place}, and whoever wants to get to the {thing} has to cope with that.",
        "{Advice}: the scene is {place}, and the {thing} {is} right there.",
        "It is best to {advice}. The {thing} {is} {place}, and so would the visitor be.",
    ),
    "nearest": (
        "The {thing} and the {other}. The {third} {is} farther from both of them than they are from one another.",
        "It is the {thing} and the {other}, since the {third} {is} off to one side, with more room in between.",
        "Those two are the {thing} and the {other}: from either of them, the {third} {is} farther away.",
    ),
    "room": (
        "{Where}: the only thing in the picture, the {thing}, {is} nearer to the other side.",
        "I would say {where}, since nothing else is here and the {thing} {does} not reach so far.",
        "It is emptiest {where}, because the {thing} {is} on the other side and all alone.",
    ),
    "simplest": (
        "All that can be seen is this: {all}.",
        "It can only be about this: {all}. There is nothing else to go by.",
        "{All}: whatever one says about the picture, it begins and ends with that.",
    ),
}
USES = {  # what can be done with the things of a group, though not with others
    "fruit": "eat",
    "dish": "eat",
    "clothing": "wear",
    "instrument": "play",
    "vehicle": "drive or ride",
    "drink": "drink",
}
ADVICE = {
    "sea": "know how to swim",
    "snow": "dress warmly",
    "desert": "bring plenty of water",
    "beach": "mind the sand and the strong light",
    "forest": "watch the path, so as not to get lost",
    "road": "look out for traffic",
    "night": "be prepared for the dark",
}
