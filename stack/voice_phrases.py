"""What a caller may ask for in so many words, and what is said while the model thinks.

By language. The bot's sample utterances; ``services/voice/phrases.py`` has the same, since the
function acts only on a whole utterance that is one of them. A test ties the two.
"""

GOODBYE, AGENT, HELP = "Goodbye", "Agent", "Help"

PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        GOODBYE: ("goodbye", "bye", "bye bye", "good bye", "hang up", "that is all", "that's all"),
        AGENT: (
            *("agent", "operator", "talk to a human", "talk to a person", "speak to a human"),
            *("speak to a person", "speak to somebody", "a human please"),
        ),
        HELP: ("help", "help me", "what can you do", "what can I say"),
    },
    "de": {
        GOODBYE: ("auf Wiederhören", "auf Wiedersehen", "tschüss", "auflegen", "das war alles"),
        AGENT: (
            *("Mitarbeiter", "Mensch", "mit einem Menschen sprechen"),
            *("mit einem Mitarbeiter sprechen", "ich möchte mit einem Menschen sprechen"),
        ),
        HELP: ("Hilfe", "was kannst du", "was können Sie", "was kann ich sagen"),
    },
    "es": {
        GOODBYE: ("adiós", "hasta luego", "hasta la vista", "colgar", "eso es todo"),
        AGENT: (
            *("agente", "operador", "hablar con una persona", "hablar con un agente"),
            "quiero hablar con una persona",
        ),
        HELP: ("ayuda", "qué puedes hacer", "qué puedo decir"),
    },
    "fr": {
        GOODBYE: ("au revoir", "à bientôt", "raccrocher", "c'est tout"),
        AGENT: (
            *("agent", "conseiller", "parler à une personne", "parler à un conseiller"),
            "je veux parler à une personne",
        ),
        HELP: ("aide", "que peux-tu faire", "que pouvez-vous faire", "que puis-je dire"),
    },
    "it": {
        GOODBYE: ("arrivederci", "addio", "riaggancia", "è tutto"),
        AGENT: (
            *("operatore", "parlare con una persona", "parlare con un operatore"),
            "voglio parlare con una persona",
        ),
        HELP: ("aiuto", "cosa sai fare", "cosa posso dire"),
    },
    "nl": {
        GOODBYE: ("tot ziens", "dag", "ophangen", "dat was alles"),
        AGENT: (
            *("medewerker", "met een mens spreken", "met een medewerker spreken"),
            "ik wil met een mens spreken",
        ),
        HELP: ("hulp", "wat kun je", "wat kan ik zeggen"),
    },
    "pt": {
        GOODBYE: ("adeus", "tchau", "até logo", "desligar", "é tudo"),
        AGENT: (
            *("atendente", "falar com uma pessoa", "falar com um atendente"),
            "quero falar com uma pessoa",
        ),
        HELP: ("ajuda", "o que você pode fazer", "o que posso dizer"),
    },
}
FILLERS: dict[str, tuple[str, ...]] = {
    "en": ("One moment.", "Let me think.", "Let me see."),
    "de": ("Einen Moment.", "Ich überlege.", "Mal sehen."),
    "es": ("Un momento.", "Déjame pensar.", "Veamos."),
    "fr": ("Un instant.", "Je réfléchis.", "Voyons."),
    "it": ("Un momento.", "Ci penso.", "Vediamo."),
    "nl": ("Een ogenblik.", "Even denken.", "Eens kijken."),
    "pt": ("Um momento.", "Deixe-me pensar.", "Vejamos."),
}
