package pgserver

import (
	"fmt"
	"strings"
)

const (
	mib int64 = 1 << 20
	gib int64 = 1 << 30
)

// settings are the server's figures that depend on the machine, in bytes.
type settings struct {
	sharedBuffers       int64
	effectiveCacheSize  int64
	maintenanceWorkMem  int64
	workMem             int64
	maxWALSize          int64
	maxSlotWALKeepSize  int64
	dynamicSharedMemory string
}

// settingsFor computes the settings for a machine with the given memory and
// size of /dev/shm, both in bytes. The machine is shared with the networks
// that make the templates, so the ceilings are lower than a dedicated
// database server's.
//
//   - shared_buffers: a quarter of the memory, PostgreSQL manual 20.4 ("a
//     reasonable starting value"); up to 16 GiB, which holds the index of some
//     ten million halfvec templates of 512 dimensions.
//   - effective_cache_size: half of the memory: shared buffers and the page
//     cache together, manual 20.7.2; it only informs the planner.
//   - maintenance_work_mem: an eighth; an HNSW build is many times faster while
//     its graph fits (pgvector README, "Index Build Time"). Up to 8 GiB, since a
//     build takes all of it beside everything else.
//   - work_mem: 1/512, between PostgreSQL's default of 4 MiB and 64 MiB, since
//     each sort of each connection may take it (manual 20.4).
//   - max_wal_size: as much as shared_buffers, since a checkpoint writes at
//     most those; from PostgreSQL's default of 1 GiB to 8 GiB, which bounds the
//     disk it takes and the time of a recovery. Bulk ingest and index builds
//     would otherwise force a checkpoint after each GiB (manual 30.5).
//   - max_slot_wal_keep_size: as much as max_wal_size, so that a slot whose reader
//     stays away, such as that of a service which was stopped for good, at most
//     doubles the disk that the log takes (manual 20.6.1). A reader that comes back
//     later than that copies the templates anew, which takes minutes at most; a full
//     disk would stop every writer.
//   - dynamic_shared_memory_type: a parallel HNSW build puts its whole graph
//     there. Containers often have a /dev/shm of 64 MiB; then files are mapped.
func settingsFor(memory, shm int64) settings {
	s := settings{
		sharedBuffers:       clamp(memory/4, 32*mib, 16*gib),
		effectiveCacheSize:  max(memory/2, 64*mib),
		maintenanceWorkMem:  clamp(memory/8, 64*mib, 8*gib),
		workMem:             clamp(memory/512, 4*mib, 64*mib),
		dynamicSharedMemory: "posix",
	}
	s.maxWALSize = clamp(s.sharedBuffers, gib, 8*gib)
	s.maxSlotWALKeepSize = s.maxWALSize
	if shm < 2*s.maintenanceWorkMem {
		s.dynamicSharedMemory = "mmap"
	}
	return s
}

func clamp(v, low, high int64) int64 { return max(low, min(v, high)) }

// conf is the text of visage.conf. Socket directories are plain paths.
//
//   - wal_level logical: programs that keep the templates in memory follow the log
//     (manual 49.2). One slot and one sender for each of them; PostgreSQL's default
//     of 10 of either also has to serve copies of the cluster.
//   - jit off: compiling costs a vector search more than it saves (manual
//     32.2: worth it for long-running queries only).
//   - log_min_messages log: start, stop and crashes, not the errors that every
//     command reports itself; statements never, since they contain templates.
//     So the log stays small.
func (s settings) conf(socketDir string) string {
	lines := []string{
		"# Written by visage at each start; put your own settings into postgresql.conf.",
		"listen_addresses = ''",
		"port = " + port,
		"unix_socket_directories = '" + socketDir + "'",
		"unix_socket_permissions = 0700",
		"hba_file = 'visage_hba.conf'",
		"ident_file = 'visage_ident.conf'",
		setting("shared_buffers", s.sharedBuffers),
		setting("effective_cache_size", s.effectiveCacheSize),
		setting("maintenance_work_mem", s.maintenanceWorkMem),
		setting("work_mem", s.workMem),
		setting("max_wal_size", s.maxWALSize),
		"wal_level = logical",
		setting("max_slot_wal_keep_size", s.maxSlotWALKeepSize),
		"max_replication_slots = 16",
		"max_wal_senders = 16",
		"dynamic_shared_memory_type = " + s.dynamicSharedMemory,
		"jit = off",
		"timezone = 'UTC'",
		"lc_messages = 'C'",
		"logging_collector = off",
		"log_destination = 'stderr'",
		"log_timezone = 'UTC'",
		"log_line_prefix = '%m [%p] '",
		"log_checkpoints = off",
		"log_min_messages = log",
		"log_min_error_statement = panic",
	}
	return strings.Join(lines, "\n") + "\n"
}

// setting rounds down to MiB, so that small changes of the machine's reported
// memory change nothing.
func setting(name string, bytes int64) string {
	return fmt.Sprintf("%s = %dMB", name, bytes/mib)
}

// mainConf is the text of postgresql.conf of a new cluster. Later lines win.
const mainConf = `# The settings of Visage's private cluster. visage.conf is written anew at each
# start, from the machine's memory. What you add below the include wins over it.
include = 'visage.conf'
`

// hbaConf lets nobody in but those whom the kernel vouches for and the map names.
const hbaConf = `# Written by visage at each start.
local all         all peer map=visage
local replication all peer map=visage
`

// identConf maps the operating system's users to the superuser of the cluster:
// its owner, and root. Nobody else can enter the socket's directory.
func identConf(owner string) string {
	return fmt.Sprintf("# Written by visage at each start.\nvisage \"%s\" %s\nvisage root %s\n", owner, roleName, roleName)
}
