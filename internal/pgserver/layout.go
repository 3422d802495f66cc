package pgserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
)

// The names inside the cluster. The port only names the socket file.
const (
	databaseName = "visage"
	roleName     = "visage"
	port         = "5432"
	socketName   = ".s.PGSQL." + port
	logName      = "server.log"
)

// maxSocketPath is the longest path that the server can bind and a client can
// name: sun_path of unix(7) has 108 bytes, the last of them 0.
const maxSocketPath = 107

// plainPath matches the paths that need no quoting, neither in a server's
// configuration nor in a connection URL (where a comma separates hosts).
var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._-]+$`)

// layout is where everything of one cluster lies; all paths are absolute.
type layout struct {
	home        string // with its symbolic links resolved
	data        string
	socketDir   string // data, or a short directory of its own
	startupLock string
	usersLock   string
	serverLock  string
	keepMarker  string
}

// newLayout lays a cluster out under home, which must exist.
func newLayout(home string) (layout, error) {
	abs, err := filepath.Abs(home)
	if err != nil {
		return layout{}, fmt.Errorf("home directory: %w", err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return layout{}, fmt.Errorf("home directory: %w", err)
	}
	name := filepath.Join(abs, "postgres")
	data, err := filepath.EvalSymlinks(name) // somebody may have moved it to another disk
	if errors.Is(err, fs.ErrNotExist) {
		data, err = name, nil
	}
	if err != nil {
		return layout{}, fmt.Errorf("database cluster: %w", err)
	}
	return layout{
		home:        abs,
		data:        data,
		socketDir:   socketDir(data),
		startupLock: name + ".lock",
		usersLock:   name + ".users",
		serverLock:  name + ".server",
		keepMarker:  name + ".keep",
	}, nil
}

// socketDir returns the directory of the socket: the data directory, which is
// private already, or where its path is too long or has characters that need
// quoting, a directory under /tmp named after it. Not os.TempDir: every
// command must come to the same answer, whatever its environment.
func socketDir(data string) string {
	if len(filepath.Join(data, socketName)) <= maxSocketPath && plainPath.MatchString(data) {
		return data
	}
	sum := sha256.Sum256([]byte(data))
	return "/tmp/visage-" + hex.EncodeToString(sum[:8])
}

// url returns the URL of a database of the cluster.
func (l layout) url(database string) string {
	query := url.Values{"host": {l.socketDir}, "port": {port}, "sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", User: url.User(roleName), Path: "/" + database, RawQuery: query.Encode()}
	return u.String()
}

func (l layout) logPath() string { return filepath.Join(l.data, logName) }

// ownSocketDir says whether the socket lies outside the data directory.
func (l layout) ownSocketDir() bool { return l.socketDir != l.data }

// exists says whether something lies at path.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
