package main

// ingestHelp is the manual page of ingest.
const ingestHelp = `Ingest enrols a folder of photographs in a gallery, each photograph once.

FOLDERS
  DIR/<identity>/<photographs...>
  The first folder below DIR names the person; deeper folders belong to the same
  one. Of each of a person's photographs the most prominent face is enrolled (the
  largest, less so the farther it is from the middle); --faces all enrols all of
  them, --faces reject only takes photographs that show a single one. Photographs
  directly in DIR belong to nobody; all their faces are enrolled.
  Names that begin with a dot are skipped and counted. Links are followed within
  DIR. What is a photograph (JPEG, PNG, WebP, GIF, BMP, TIFF) is told by its
  content, not by its name.

MODELS
  --model A,B enrols each photograph by several recognisers: it is decoded and its
  faces are found once. Each has its own space, in which it is searched, and its
  own report ("also" in JSON, for all but the first). A model that is named later
  is caught up with, without the others being run again. All are prepared in one
  profile.

ATTRIBUTES
  --analyze stores with each face what models estimate of its age, gender, race and
  emotion, as far as they are installed; --analyze=age,gender only those. SQL and
  /v1 faces then show them. Photographs that are enrolled already are not looked at
  again: a face that is enrolled by a further model gets them, and so does all after
  visage gallery delete. A copy of a photograph gets what that has.

WHAT IS REJECTED
  A file that cannot be used never stops the run. It is reported with a reason:
    no_face         no face is found
    too_small       the face has fewer pixels than --min-face-size
    low_confidence  the detector is less sure than --min-face-confidence
    bad_alignment   the face is turned away, or its landmarks are wrong, by more
                    than --max-residual
    blurred         the face is less sharp than --min-sharpness
    low_quality     the face's quality, all in all, is less than --min-quality
    several_faces   more than one face passes, with --faces reject
    spoof           a picture of a face rather than a live one, with --anti-spoofing
    unsupported     not a photograph, or of a kind that is not read
    decode_failed   a photograph that is damaged or cut short
    empty           a file of no bytes
    too_large       more bytes or pixels than are handled
    unreadable      no right to read it, a link out of DIR, no regular file, or
                    written to again and again while it was read
    vanished        listed, then gone
    internal        a fault of the program or the machine with this file
  A photograph whose faces all fail has the reason of its most prominent one.
  Faces that fail beside others that pass are counted and listed too. With
  --report each rejected file, face and folder is a line of JSON in a file, with
  path, reason and message, and the face's box and measures where one was found;
  it is written as the run goes on and is complete up to the moment where that
  ends. docs/ingest.md says how the defaults were set.

WHAT IS REMEMBERED
  The gallery's ledger knows each file by path, size, time and SHA-256. A second
  run does nothing but look for changes, and says nothing of files that were
  rejected before. no_face, unsupported, decode_failed, empty and too_large (in
  pixels) hold until the content or the detector changes; the reasons of faces
  also until the limits do. Other reasons are tried again by every run.
  What is enrolled stays as it is, whatever limits a later run has. Photographs
  that have vanished from DIR are reported, and removed with --prune.
  A run that is interrupted or killed leaves what it committed; the next one goes
  on from there.

WHEN THE DATABASE IS AWAY
  Where the database stops, or its disk is full, in the middle of a run, that says
  so, waits and tries again, for --retry at most, and goes on by itself. After that
  it ends with exit code 1; what was committed stands, and the next run does the rest.

WATCHING
  With --watch it goes on until it is interrupted: a second after names or contents
  below DIR have changed, and half a minute after they began to at the latest, it
  runs again, and reports again (one JSON object for each run with --json). Links
  to folders are looked at by every run, but changes behind them start none.

MANY MACHINES
  With --enqueue nothing is embedded here: what is new or changed is queued in the
  database, in jobs of 64 files, and visage worker does them, on as many machines as
  see DIR under the same path and have the same weights. visage jobs shows them. What
  is queued or done already is not queued again. --prune comes after the queue is
  empty.

EXIT CODES
  0  done, also where files were rejected, and where watching was interrupted
  1  failed or interrupted; what was committed stands
  2  the command line is wrong`

const ingestExamples = `  visage ingest photos --gallery staff
  visage ingest photos --plan
  visage ingest photos --model Buffalo_S,EdgeFace_XS
  visage ingest photos --analyze=age,gender
  visage ingest photos --report rejects.jsonl --min-face-size 48
  visage ingest photos --faces reject --prune --json
  visage ingest photos --watch --prune
  visage ingest /mnt/photos --enqueue`
