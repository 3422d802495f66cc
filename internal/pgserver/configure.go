package pgserver

import (
	"fmt"
	"os"
)

// configure writes the settings, so that they follow the machine.
func (c *cluster) configure() error {
	memory, err := memoryLimit(os.DirFS("/"))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(c.data)
	if err != nil {
		return fmt.Errorf("write the database's settings: %w", err)
	}
	defer root.Close()
	for name, text := range map[string]string{
		"visage.conf":       settingsFor(memory, sharedMemorySize()).conf(c.socketDir),
		"visage_hba.conf":   hbaConf,
		"visage_ident.conf": identConf(c.owner.name),
	} {
		if err := c.writeFile(root, name, text); err != nil {
			return fmt.Errorf("write the database's settings: %w", err)
		}
	}
	return nil
}

// writeFile replaces a file of the cluster as a whole. It goes through root
// because the directory is another user's when root runs this: a symbolic link
// planted there must not lead outside.
func (c *cluster) writeFile(root *os.Root, name, text string) error {
	temporary := name + ".new"
	if err := root.WriteFile(temporary, []byte(text), 0o600); err != nil {
		return err
	}
	if err := c.owner.own(root, temporary); err != nil {
		return err
	}
	return root.Rename(temporary, name)
}
