package pgserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// makeSocketDir makes the socket's directory where it is not the data
// directory. It lies in /tmp, where anybody may have made it before.
func (c *cluster) makeSocketDir() error {
	if !c.ownSocketDir() {
		return nil
	}
	if err := os.Mkdir(c.socketDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the socket's directory: %w", err)
	}
	info, err := os.Lstat(c.socketDir)
	if err != nil {
		return fmt.Errorf("make the socket's directory: %w", err)
	}
	if !c.madeByUs(info) {
		return fmt.Errorf("%s, where the database's socket belongs, was made by somebody else (%s, user id %d): remove it, or choose a shorter --home",
			c.socketDir, info.Mode(), uidOf(info))
	}
	if uidOf(info) == c.owner.uid {
		return nil
	}
	if err := os.Lchown(c.socketDir, c.owner.uid, c.owner.gid); err != nil {
		return fmt.Errorf("make the socket's directory: %w", err)
	}
	return nil
}

// madeByUs says whether what lies at the socket's directory is one that we
// made: private, the cluster owner's or (not yet given away) this user's. Once
// it is, nobody else can put another in its place, since /tmp is sticky.
func (c *cluster) madeByUs(info fs.FileInfo) bool {
	uid := uidOf(info)
	return info.IsDir() && info.Mode().Perm() == 0o700 && (uid == c.owner.uid || uid == os.Geteuid())
}

// removeSocketDir removes the socket's directory of a stopped server.
func (c *cluster) removeSocketDir() error {
	if !c.ownSocketDir() {
		return nil
	}
	info, err := os.Lstat(c.socketDir)
	if err == nil && c.madeByUs(info) {
		err = os.Remove(c.socketDir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the socket's directory: %w", err)
	}
	return nil
}
