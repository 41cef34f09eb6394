"""The sentences of calls in the languages other than English."""

from __future__ import annotations

from typing import Final

TRANSLATIONS: Final[dict[str, dict[str, str]]] = {
    "de": {
        "apology": "Das kann ich gerade leider nicht beantworten. Bitte versuchen Sie es gleich "
        "noch einmal.",
        "trouble": "Da ist leider etwas schiefgegangen. Bitte sagen Sie das noch einmal.",
        "trouble_end": "Hier stimmt leider etwas nicht. Bitte rufen Sie später wieder an. Auf "
        "Wiederhören.",
        "goodbye": "Auf Wiederhören.",
        "silence": "Ich habe nichts gehört. Was kann ich für Sie tun?",
        "silence_end": "Ich höre nichts und lege deshalb auf. Rufen Sie gern wieder an. Auf "
        "Wiederhören.",
        "unclear": "Das habe ich leider nicht verstanden. Können Sie es noch einmal sagen?",
        "help": "Ich bin ein KI-Assistent. Fragen Sie mich etwas, und sagen Sie auf Wiederhören, "
        "um aufzulegen. {keys}",
        "keys": "Mit der 9 hören Sie meine Antwort noch einmal.",
        "keys_agent": "Mit der 9 hören Sie meine Antwort noch einmal, mit der 0 sprechen Sie mit "
        "einem Menschen.",
        "agent": "Ich verbinde Sie.",
        "no_agent": "Hier ist niemand außer mir, einem KI-Assistenten. Was kann ich für Sie tun?",
        "offer": "Das dauert länger, als ein Anruf erlaubt. Soll ich Ihnen die Antwort als "
        "Nachricht schicken?",
        "late": "Das dauert leider länger, als ein Anruf erlaubt. Bitte fragen Sie mich etwas "
        "Kürzeres.",
        "busy": "Ich bin noch mit einer Nachricht von Ihnen beschäftigt. Bitte fragen Sie gleich "
        "noch einmal.",
        "released": "Ich schicke Ihnen die Antwort. Was kann ich noch für Sie tun?",
        "gone": "Diese Frage habe ich leider nicht mehr. Bitte fragen Sie mich noch einmal.",
        "declined": "Gut, dann nicht. Was kann ich noch für Sie tun?",
        "refused": "Mehr kann ich heute nicht beantworten. Bitte rufen Sie morgen wieder an. Auf "
        "Wiederhören.",
        "paused": "Im Moment kann ich nicht antworten. Bitte rufen Sie später wieder an. Auf "
        "Wiederhören.",
        "too_long": "Wir haben sehr lange gesprochen. Bitte rufen Sie wieder an, um "
        "weiterzumachen. Auf Wiederhören.",
        "more": "Es gibt noch mehr; sagen Sie weiter.",
        "nothing": "Ich habe noch nichts gesagt. Was kann ich für Sie tun?",
        "other_language": "Diese Sprache spreche ich hier leider nicht.",
    },
    "es": {
        "apology": "Lo siento, ahora mismo no puedo responder a eso. Inténtelo de nuevo en un "
        "momento.",
        "trouble": "Lo siento, algo ha fallado. Por favor, dígalo otra vez.",
        "trouble_end": "Lo siento, algo va mal aquí. Por favor, llame más tarde. Adiós.",
        "goodbye": "Adiós.",
        "silence": "No he oído nada. ¿Qué puedo hacer por usted?",
        "silence_end": "Sigo sin oír nada, así que voy a colgar. Llame cuando quiera. Adiós.",
        "unclear": "Lo siento, no lo he entendido. ¿Puede decirlo otra vez?",
        "help": "Soy un asistente de inteligencia artificial. Pregúnteme lo que quiera, y diga "
        "adiós para colgar. {keys}",
        "keys": "Pulse 9 para oír mi respuesta otra vez.",
        "keys_agent": "Pulse 9 para oír mi respuesta otra vez, o 0 para hablar con una persona.",
        "agent": "Le paso con una persona.",
        "no_agent": "Aquí solo estoy yo, un asistente de inteligencia artificial. ¿Qué puedo "
        "hacer por usted?",
        "offer": "Esto tarda más de lo que permite una llamada. ¿Le envío la respuesta por "
        "mensaje?",
        "late": "Lo siento, esto tarda más de lo que permite una llamada. Pregúnteme algo más "
        "breve.",
        "busy": "Todavía estoy con un mensaje suyo. Pregúnteme otra vez en un momento.",
        "released": "Le enviaré la respuesta por mensaje. ¿Qué más puedo hacer por usted?",
        "gone": "Lo siento, ya no tengo esa pregunta. Por favor, pregúnteme otra vez.",
        "declined": "De acuerdo, no la envío. ¿Qué más puedo hacer por usted?",
        "refused": "Es todo lo que puedo responder por hoy. Llame mañana, por favor. Adiós.",
        "paused": "En este momento no puedo responder. Llame más tarde, por favor. Adiós.",
        "too_long": "Hemos hablado mucho tiempo. Llame otra vez para continuar. Adiós.",
        "more": "Hay más; diga sigue.",
        "nothing": "Todavía no he dicho nada. ¿Qué puedo hacer por usted?",
        "other_language": "Lo siento, aquí no hablo ese idioma.",
    },
    "fr": {
        "apology": "Désolé, je ne peux pas répondre à cela maintenant. Réessayez dans un instant.",
        "trouble": "Désolé, quelque chose n'a pas marché. Pouvez-vous répéter ?",
        "trouble_end": "Désolé, quelque chose ne va pas ici. Rappelez plus tard. Au revoir.",
        "goodbye": "Au revoir.",
        "silence": "Je n'ai rien entendu. Que puis-je faire pour vous ?",
        "silence_end": "Je n'entends toujours rien, je raccroche donc. Rappelez quand vous "
        "voulez. Au revoir.",
        "unclear": "Désolé, je n'ai pas compris. Pouvez-vous répéter ?",
        "help": "Je suis un assistant d'intelligence artificielle. Posez-moi vos questions, et "
        "dites au revoir pour raccrocher. {keys}",
        "keys": "Appuyez sur 9 pour réentendre ma réponse.",
        "keys_agent": "Appuyez sur 9 pour réentendre ma réponse, ou sur 0 pour parler à une "
        "personne.",
        "agent": "Je vous passe quelqu'un.",
        "no_agent": "Il n'y a que moi ici, un assistant d'intelligence artificielle. Que puis-je "
        "faire pour vous ?",
        "offer": "Cela prend plus de temps qu'un appel ne le permet. Voulez-vous la réponse par "
        "message ?",
        "late": "Désolé, cela prend plus de temps qu'un appel ne le permet. Demandez-moi quelque "
        "chose de plus court.",
        "busy": "Je m'occupe encore d'un de vos messages. Redemandez-moi dans un instant.",
        "released": "Je vous envoie la réponse par message. Que puis-je faire d'autre pour vous ?",
        "gone": "Désolé, je n'ai plus cette question. Reposez-la moi, s'il vous plaît.",
        "declined": "Entendu, je ne l'envoie pas. Que puis-je faire d'autre pour vous ?",
        "refused": "C'est tout ce que je peux répondre aujourd'hui. Rappelez demain. Au revoir.",
        "paused": "Je ne peux pas répondre en ce moment. Rappelez plus tard. Au revoir.",
        "too_long": "Nous avons parlé très longtemps. Rappelez pour continuer. Au revoir.",
        "more": "Il y a une suite ; dites continue.",
        "nothing": "Je n'ai encore rien dit. Que puis-je faire pour vous ?",
        "other_language": "Désolé, je ne parle pas cette langue ici.",
    },
    "it": {
        "apology": "Mi dispiace, ora non posso rispondere. Riprovi tra un momento.",
        "trouble": "Mi dispiace, qualcosa è andato storto. Lo ripeta, per favore.",
        "trouble_end": "Mi dispiace, qui qualcosa non va. Richiami più tardi. Arrivederci.",
        "goodbye": "Arrivederci.",
        "silence": "Non ho sentito niente. Che cosa posso fare per lei?",
        "silence_end": "Continuo a non sentire niente, quindi riaggancio. Richiami quando vuole. "
        "Arrivederci.",
        "unclear": "Mi dispiace, non ho capito. Può ripetere?",
        "help": "Sono un assistente di intelligenza artificiale. Mi chieda quello che vuole, e "
        "dica arrivederci per riagganciare. {keys}",
        "keys": "Prema 9 per riascoltare la mia risposta.",
        "keys_agent": "Prema 9 per riascoltare la mia risposta, oppure 0 per parlare con una "
        "persona.",
        "agent": "Le passo una persona.",
        "no_agent": "Qui ci sono solo io, un assistente di intelligenza artificiale. Che cosa "
        "posso fare per lei?",
        "offer": "Ci vuole più tempo di quanto una chiamata permetta. Le mando la risposta con un "
        "messaggio?",
        "late": "Mi dispiace, ci vuole più tempo di quanto una chiamata permetta. Mi chieda "
        "qualcosa di più breve.",
        "busy": "Sto ancora rispondendo a un suo messaggio. Me lo richieda tra un momento.",
        "released": "Le manderò la risposta con un messaggio. Che cos'altro posso fare per lei?",
        "gone": "Mi dispiace, non ho più quella domanda. Me la ripeta, per favore.",
        "declined": "Va bene, non la mando. Che cos'altro posso fare per lei?",
        "refused": "Per oggi non posso rispondere ad altro. Richiami domani. Arrivederci.",
        "paused": "In questo momento non posso rispondere. Richiami più tardi. Arrivederci.",
        "too_long": "Abbiamo parlato molto a lungo. Richiami per continuare. Arrivederci.",
        "more": "C'è dell'altro; dica continua.",
        "nothing": "Non ho ancora detto niente. Che cosa posso fare per lei?",
        "other_language": "Mi dispiace, qui non parlo quella lingua.",
    },
    "nl": {
        "apology": "Sorry, dat kan ik nu niet beantwoorden. Probeer het zo meteen nog eens.",
        "trouble": "Sorry, er ging iets mis. Kunt u dat nog een keer zeggen?",
        "trouble_end": "Sorry, er is hier iets mis. Bel later nog eens. Tot ziens.",
        "goodbye": "Tot ziens.",
        "silence": "Ik heb niets gehoord. Wat kan ik voor u doen?",
        "silence_end": "Ik hoor nog steeds niets en hang daarom op. Bel gerust nog eens. Tot "
        "ziens.",
        "unclear": "Sorry, dat heb ik niet verstaan. Kunt u het nog een keer zeggen?",
        "help": "Ik ben een AI-assistent. Vraag mij wat u wilt, en zeg tot ziens om op te hangen. "
        "{keys}",
        "keys": "Druk op 9 om mijn antwoord nog een keer te horen.",
        "keys_agent": "Druk op 9 om mijn antwoord nog een keer te horen, of op 0 om met een mens "
        "te spreken.",
        "agent": "Ik verbind u door.",
        "no_agent": "Hier is niemand behalve ik, een AI-assistent. Wat kan ik voor u doen?",
        "offer": "Dit duurt langer dan een gesprek toelaat. Zal ik u het antwoord sturen als "
        "bericht?",
        "late": "Sorry, dit duurt langer dan een gesprek toelaat. Vraag mij iets korters.",
        "busy": "Ik ben nog bezig met een bericht van u. Vraag het mij zo meteen nog eens.",
        "released": "Ik stuur u het antwoord. Wat kan ik nog meer voor u doen?",
        "gone": "Sorry, die vraag heb ik niet meer. Vraag het mij nog eens.",
        "declined": "Goed, dan niet. Wat kan ik nog meer voor u doen?",
        "refused": "Meer kan ik vandaag niet beantwoorden. Bel morgen nog eens. Tot ziens.",
        "paused": "Op dit moment kan ik niet antwoorden. Bel later nog eens. Tot ziens.",
        "too_long": "We hebben heel lang gesproken. Bel nog eens om verder te gaan. Tot ziens.",
        "more": "Er is meer; zeg ga door.",
        "nothing": "Ik heb nog niets gezegd. Wat kan ik voor u doen?",
        "other_language": "Sorry, die taal spreek ik hier niet.",
    },
    "pt": {
        "apology": "Desculpe, não posso responder a isso agora. Tente de novo daqui a pouco.",
        "trouble": "Desculpe, algo deu errado. Por favor, diga outra vez.",
        "trouble_end": "Desculpe, há algo errado aqui. Ligue mais tarde. Até logo.",
        "goodbye": "Até logo.",
        "silence": "Não ouvi nada. O que posso fazer por si?",
        "silence_end": "Continuo sem ouvir nada, por isso vou desligar. Ligue quando quiser. Até "
        "logo.",
        "unclear": "Desculpe, não entendi. Pode dizer outra vez?",
        "help": "Sou um assistente de inteligência artificial. Pergunte o que quiser, e diga "
        "adeus para desligar. {keys}",
        "keys": "Carregue no 9 para ouvir a minha resposta outra vez.",
        "keys_agent": "Carregue no 9 para ouvir a minha resposta outra vez, ou no 0 para falar "
        "com uma pessoa.",
        "agent": "Vou passar a chamada.",
        "no_agent": "Aqui só estou eu, um assistente de inteligência artificial. O que posso "
        "fazer por si?",
        "offer": "Isto demora mais do que uma chamada permite. Quer a resposta por mensagem?",
        "late": "Desculpe, isto demora mais do que uma chamada permite. Pergunte algo mais curto.",
        "busy": "Ainda estou a responder a uma mensagem sua. Pergunte de novo daqui a pouco.",
        "released": "Vou enviar a resposta por mensagem. O que mais posso fazer por si?",
        "gone": "Desculpe, já não tenho essa pergunta. Por favor, pergunte de novo.",
        "declined": "Está bem, não envio. O que mais posso fazer por si?",
        "refused": "É tudo o que posso responder por hoje. Ligue amanhã. Até logo.",
        "paused": "Neste momento não posso responder. Ligue mais tarde. Até logo.",
        "too_long": "Falámos durante muito tempo. Ligue de novo para continuar. Até logo.",
        "more": "Há mais; diga continua.",
        "nothing": "Ainda não disse nada. O que posso fazer por si?",
        "other_language": "Desculpe, não falo essa língua aqui.",
    },
}
