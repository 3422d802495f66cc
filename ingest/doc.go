// Package ingest enrols a folder of photographs in a gallery, exactly once: it
// walks the folder, compares what it finds with the ledger, reads, hashes and
// embeds what is new with several workers, and commits the results in batches
// from one writer.
//
//	walk -> plan -> workers (read, hash, embed) -> writer -> Report
//
// It may enrol in several spaces at once (Config.Also): each has a ledger, twins
// and a report of its own, and the outcomes of one photograph go through the line
// together. Cut hands the same work out in pieces, for package queue.
//
// Neither the folder nor the ledger is ever held in memory: the ledger is asked
// about a thousand photographs at a time, while the walk goes on, and in the
// end its paths stream by, for what has vanished. What grows with the folder is
// a set of hashes, some 30 bytes for each file.
//
// The layout of the folder says who is who. The first folder below the root is
// the identity, deeper folders belong to it, and of each of its photographs
// the most prominent face counts. Photographs that lie directly in the root
// belong to nobody, and all their faces are enrolled.
//
// One content is embedded once in a gallery and space. A photograph that is new
// under its path, but whose content (by SHA-256) the ledger has,
//
//   - is moved, where the other path is one of the folder and is gone: the row
//     in the ledger gets the new path and keeps faces and templates, in every
//     space. Within its identity's folder it keeps its identity, which a person
//     may have renamed or merged; in another folder it gets that folder's.
//   - is copied otherwise: it is enrolled with the other's templates, where the
//     same detector found them.
//
// Both hold only between photographs of which the same faces count: of one that
// moves between the root and an identity folder others are wanted, so it is
// embedded, and its old path has vanished. A plan therefore reads what is new.
//
// What is walked:
//
//   - Names are bytes; none is too strange. Where a name has to be text (an
//     identity, a report), bytes that are not UTF-8 are written as \xNN.
//   - Files and folders whose name begins with a dot are hidden: they are
//     skipped and counted.
//   - Whether a file is a photograph is decided by its content, not its name.
//     Other files are rejected as unsupported, once.
//   - A symbolic link is followed where it leads to something inside the root
//     and refused otherwise. Links to folders are followed last, and no folder
//     is read twice, so a folder goes by its real name where it has one and
//     loops end.
//   - Only regular files are opened. A FIFO, socket or device is rejected.
//   - A file that was written to in the last tenth of a second, or while it was
//     read, is read again, and left to the next run where that does not end.
//
// In place of a folder, an archive (tar, tar.gz, zip; told by its content) is read
// from front to back, without unpacking it to a disk. Its photographs go by the
// archive's path, "!/" and the name in it; all else is as in a folder, but that
// links are refused and that nothing is taken for moved. A content that comes
// with its listing waits in memory, 32 MiB at a time. An archive that unpacks to
// more than a hundred times its size (and a gibibyte), is damaged, or changes
// while it is read, stops the run. A folder's ingest leaves alone what came from
// archives in it, as long as they are there.
//
// In place of the walk, Config.Manifest names the files of a folder. What it does
// not name is left alone. A photograph that the gallery has already keeps its
// identity and metadata, whatever the manifest says.
//
// For many machines, Cut hands a source out in pieces of some files each, without
// those that the ledger has settled, and Run takes one by Config.Piece. However
// the pieces are shared out, and whether one is run twice, the rows in the end
// are those of one run.
//
// Config.Include and Config.Exclude narrow this down by patterns. What the
// gallery has of files that they leave out stays as it is, even with Prune.
//
// No single file stops an ingest. It is rejected with a reason, one of the
// codes of package face, and what is known of its content is remembered, so
// that the next run passes over it:
//
//   - no_face, unsupported, decode_failed, too_large (pixels) and empty are
//     facts about the content and are recorded in the ledger. They hold until
//     the content or the detector changes.
//   - too_small, low_confidence, bad_alignment, blurred, low_quality, several_faces and
//     spoof are said of faces that do not pass the Gates. They are recorded too and hold
//     until the content, the detector or the gates change. Where other faces of
//     the photograph pass, those that do not are only counted and listed.
//   - unreadable, vanished (listed, then gone), too_large (bytes, the file is
//     not read) and internal say nothing about the content. They are reported
//     and tried again by the next run. What the ledger knew of such a path
//     stays as it was.
//
// Any other error of the embedder (unavailable, mismatch, invalid, ...) would
// meet every photograph alike, so it stops the run. A ledger that does not
// answer is tried again for a while. However a run stops, what was committed
// stands, the report says how much that is, and a new run goes on from there
// to the rows that an undisturbed run would have left.
package ingest
