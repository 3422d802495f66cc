package pgserver

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The log is emptied beyond maxLogBytes; an error quotes at most the last
// logTailLines of its last logTailBytes.
const (
	maxLogBytes        = 4 * mib
	logTailLines       = 12
	logTailBytes int64 = 4096
)

// openLog opens the server's log for appending, as the file of the owner.
func (c *cluster) openLog() (*os.File, error) {
	root, err := os.OpenRoot(c.data)
	if err != nil {
		return nil, fmt.Errorf("open the database server's log: %w", err)
	}
	defer root.Close()
	log, err := root.OpenFile(logName, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database server's log: %w", err)
	}
	if err := c.owner.own(root, logName); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database server's log: %w", err), log.Close())
	}
	return log, nil
}

// boundLog empties the server's log when it has grown beyond maxLogBytes. The
// server appends, so it may go on writing meanwhile. Every start, every joining
// and every stop calls this.
func (c *cluster) boundLog() error {
	root, err := os.OpenRoot(c.data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("bound the database server's log: %w", err)
	}
	defer root.Close()
	info, err := root.Stat(logName)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && info.Size() <= maxLogBytes) {
		return nil
	}
	if err == nil {
		var log *os.File
		if log, err = root.OpenFile(logName, os.O_WRONLY|os.O_TRUNC, 0o600); err == nil {
			err = log.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("bound the database server's log: %w", err)
	}
	return nil
}

// withLog adds the last lines of the server's log to an error.
func (c *cluster) withLog(err error) error {
	tail, readErr := c.logTail()
	if readErr != nil {
		return errors.Join(err, fmt.Errorf("read the database server's log: %w", readErr))
	}
	return fmt.Errorf("%w; the last lines of %s:\n%s", err, c.logPath(), lastLines(tail))
}

func (c *cluster) logTail() ([]byte, error) {
	log, err := os.Open(c.logPath())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(log, max(0, info.Size()-logTailBytes), logTailBytes))
}
