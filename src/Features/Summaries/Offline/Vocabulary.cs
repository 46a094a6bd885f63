namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>The words that callers of a home-service business use, in English and Spanish.</summary>
internal static class Vocabulary
{
    /// <summary>Words that say nothing of what a sentence is about.</summary>
    public static readonly HashSet<string> Empty = Words(
        """
        a about actually after again ain't all almost already also always am an and another any anybody anyone anything are aren't around as at away
        back basically be because been before being best better both but by bye called calling came can can't cannot could couldn't did didn't do does
        doesn't doing don't done down each either else er even ever every everything few fine first for from get gets getting give go goes going gonna
        good goodbye got great had hadn't has hasn't have haven't having he he's hello help her here here's hey hi him his hm hmm how i i'd i'll i'm
        i've if in into is isn't it it'd it'll it's its just kind know last least less let let's like little look lot made make many may maybe me mean
        might mind mine more morning most much must my myself name nice no nope not now of off oh ok okay on once one only or other our out over own
        part perfect please pretty probably put quite rather really right said same saw say says see seem seems she should since so some somebody
        someone something sorry sort still stuff such sure take tell than thank thanks that that'll that's the their them then there there's these they
        they're they've thing things think this those though thought through time to today too took try trying two uh uhm um under until up us use used
        usually very want wanted was wasn't way we we'd we'll we're we've well went were weren't what what's when where which while who who's whole why
        will with won't would wouldn't yeah yep yes yet you you'd you'll you're you've your yourself yup
        al algo así aquí aun bien bueno buenas buenos como con cuando de del desde días donde el ella ellos en entre era eres es esa ese eso esta está
        estaba estamos están este esto estoy fue gracias ha hace hasta hay he hola la las le les lo los más me mi mis mucho muy nada no nos nosotros o
        para pero poco por porque pues que qué quiere se señor señora ser si sí sido sin sobre son soy su sus también te tengo tiene todo tu un una uno
        unos usted y ya yo
        """);

    /// <summary>Words that may stand anywhere in speech and are left out of what is quoted from it.</summary>
    public static readonly HashSet<string> Fillers = Words("uh um uhm er erm hmm hm mm mhm ah eh este");

    public static readonly PhraseSet Reason = new(
        "calling about", "calling because", "calling to", "calling regarding", "reason i'm calling", "reason for my call", "i need", "we need", "need someone",
        "need somebody", "need a", "need to", "looking for", "i'd like", "we'd like", "would like", "i want", "we want", "wanted to", "was wondering if",
        "i have a", "i've got", "we have a", "we've got", "there is a", "there's a", "there are", "there's water", "problem with", "issue with",
        "trouble with", "something wrong", "wrong with", "isn't working", "is not working", "not working", "doesn't work", "won't start", "won't turn",
        "won't stop", "won't drain", "won't flush", "stopped working", "quit working", "is broken", "is leaking", "is dripping", "is clogged",
        "is backed up", "is making", "keeps running", "keeps tripping", "keeps going", "broke down", "went out", "is out", "an estimate", "a quote",
        "an appointment", "my appointment", "reschedule", "cancel", "the invoice", "my invoice", "the bill", "my bill", "wrong number",
        "llamo porque", "llamo para", "llamo por", "necesito", "necesitamos", "quisiera", "quiero", "tengo un", "tengo una", "hay un", "hay una",
        "un problema", "no funciona", "no sirve", "se rompió", "está goteando", "una cita", "número equivocado");

    public static readonly PhraseSet WrongNumber = new("wrong number", "número equivocado", "dialed the wrong", "misdialed");

    public static readonly HashSet<string> Trade = Words(
        """
        ac air alarm appointment attic basement bathroom bathtub bill blower boiler breaker broken burning burst cabinet carbon ceiling charger
        circuit cleanout clog clogged compressor conditioner conditioning cooling crawlspace disposal drain drip dripping duct electric electrical
        emergency estimate fan faucet filter fire fixture flood flooded flooding flush furnace fuse garage gas gfci generator heat heater heating
        hose hot hvac install installation invoice kitchen laundry leak leaking leaky light lights main meter mold monoxide noise outage outlet
        overflowing panel permit pilot pipe plumber plumbing power pressure pump quote radiator refrigerant reinstall remodel repair replace
        replacement reschedule rewire roof septic sewage sewer shower shutoff sink smell smoke spark sparks sparking sump tank technician thermostat
        toilet tripped tripping tub unit valve vent ventilation warranty washer washing water waterproofing wire wires wiring
        agua baño caldera calefacción calentador cocina desagüe electricidad electricista emergencia enchufe fontanero fuego fuga gotea goteando grifo
        humo inodoro inundación inundado lavabo llave luz olor plomero presión reparación reparar techo termostato tubería tubo válvula
        """);

    public static readonly PhraseSet Emergency = new(
        "gas leak", "leaking gas", "smell gas", "smells like gas", "smell of gas", "smelling gas", "carbon monoxide", "burst pipe", "pipe burst",
        "pipe has burst", "pipe just burst", "pipes burst", "burst a pipe", "flooding", "flooded", "is flooding", "water everywhere", "water is rising",
        "water is pouring", "water pouring", "gushing", "on fire", "a fire", "caught fire", "smoke coming", "see smoke", "sparking", "sparks",
        "burning smell", "smells like burning", "smell burning", "electrical fire", "exposed wire", "got shocked", "electric shock", "sewage backing", "sewage is backing",
        "sewage backup", "sewage is coming", "sewage coming", "raw sewage", "ceiling collapsed", "ceiling is coming down", "this is an emergency",
        "it's an emergency", "is an emergency", "have an emergency", "got an emergency",
        "fuga de gas", "huele a gas", "olor a gas", "se reventó", "inundación", "se inundó", "se está inundando", "inundado", "hay humo", "hay fuego",
        "echando chispas", "es una emergencia", "monóxido de carbono");

    public static readonly PhraseSet High = new(
        "urgent", "urgently", "as soon as possible", "asap", "right away", "immediately", "right now", "today", "tonight", "this afternoon",
        "can't wait", "cannot wait", "no hot water", "no water", "no heat", "no heating", "no power", "no electricity", "no air conditioning", "no ac",
        "won't stop", "getting worse", "leaking through", "backing up", "backed up", "overflowing", "only toilet", "only bathroom", "newborn", "elderly",
        "urgente", "lo antes posible", "cuanto antes", "ahora mismo", "hoy", "no hay agua", "no hay luz", "sin agua caliente", "sin calefacción");

    public static readonly PhraseSet Low = new(
        "no rush", "no hurry", "not urgent", "isn't urgent", "not an emergency", "isn't an emergency", "nothing urgent", "whenever you can", "whenever you have",
        "whenever is good", "whenever is convenient", "when you have time", "when you get a chance", "next week", "next month", "in a few weeks", "sometime this month", "just wondering",
        "just curious", "just a question", "just a quote", "just an estimate", "no es urgente", "sin prisa", "no hay prisa", "cuando puedan",
        "la próxima semana");

    /// <summary>What undoes an emergency when it stands shortly before it.</summary>
    public static readonly HashSet<string> Denials = Words("no not isn't wasn't aren't never without don't doesn't didn't isnt sin ninguna tampoco");

    public static readonly PhraseSet Promise = new(
        "call you back", "calls you back", "calling you back", "give you a call", "get back to you", "be in touch", "reach out to you", "send someone",
        "send somebody", "send a", "send out", "sending someone", "sending a", "will be there", "we'll be there", "be out", "come out", "will come",
        "see you", "have you down", "put you down", "you're down for", "have you scheduled", "have scheduled", "is scheduled", "are scheduled",
        "you're scheduled", "you are booked", "you're booked", "have booked", "on the schedule", "on the calendar", "text you", "email you", "send you",
        "passed your message", "pass your message", "pass that on", "pass this on", "let them know", "let him know", "let her know", "follow up",
        "is on the way", "on his way", "on her way", "on their way", "escalate", "connecting you", "putting you through",
        "le llamará", "le llamaremos", "le llamamos", "lo llamará", "la llamará", "le devolverá la llamada", "enviaremos", "vamos a enviar", "mandaremos",
        "le enviaremos");

    /// <summary>The words around a promise that make it none yet.</summary>
    public static readonly PhraseSet Conditional = new(
        "leave your name", "leave a message", "leave your", "if you", "if this", "would you like", "do you want", "deje su", "press 0", "press 9", "press 1");

    public static readonly PhraseSet Request = new(
        "call me back", "call me", "calls me back", "give me a call", "callback", "call back", "get back to me", "return my call", "send someone",
        "send somebody", "come out", "come by", "come look", "come take a look", "text me", "email me", "let me know", "have someone", "have somebody",
        "llámeme", "llámenme", "me llame", "me llamen", "devuélvame la llamada", "mande a alguien", "envíe a alguien", "puede venir", "pueden venir");

    public static readonly PhraseSet Appointment = new(
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "tomorrow", "next week", "am", "pm", "o'clock",
        "morning", "afternoon", "noon", "between", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo", "mañana");

    public static readonly PhraseSet Courtesy = new(
        "thank you", "thanks", "have a good", "have a great", "have a nice", "good morning", "good afternoon", "good evening", "how are you", "you're welcome",
        "no problem", "take care", "bye", "goodbye", "hold on", "one moment", "one second", "just a second", "let me see", "let me check", "can you hear me",
        "sounds good", "buenos días", "buenas tardes", "muchas gracias");

    private static HashSet<string> Words(string list) => list.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
}
