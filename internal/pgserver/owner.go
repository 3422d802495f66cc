package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// osUser is the operating system's user that owns the cluster and runs it.
type osUser struct {
	name   string
	uid    int
	gid    int
	groups []uint32
	home   string
}

// clusterOwner returns who runs the cluster at data: its owner where it
// exists, else whoever calls, and for root the user postgres. Postgres refuses
// to run as root.
func clusterOwner(data string) (osUser, error) {
	euid := os.Geteuid()
	info, err := os.Stat(data)
	switch {
	case errors.Is(err, fs.ErrNotExist) && euid == 0:
		u, err := user.Lookup("postgres")
		if err != nil {
			return osUser{}, fmt.Errorf("%w: root runs it as the user postgres: %w", ErrNotInstalled, err)
		}
		return describeUser(u)
	case errors.Is(err, fs.ErrNotExist):
		return userByID(euid)
	case err != nil:
		return osUser{}, fmt.Errorf("look at the database cluster: %w", err)
	}
	uid := uidOf(info)
	switch {
	case uid == 0:
		return osUser{}, fmt.Errorf("the database cluster %s belongs to root, and PostgreSQL refuses to run as root: chown -R postgres: it", data)
	case euid != 0 && uid != euid:
		return osUser{}, fmt.Errorf("the database cluster %s belongs to user id %d and you are %d: run as that user or as root, or choose another --home", data, uid, euid)
	}
	return userByID(uid)
}

func userByID(uid int) (osUser, error) {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return osUser{}, fmt.Errorf("the database server needs a named user: %w", err)
	}
	return describeUser(u)
}

func describeUser(u *user.User) (osUser, error) {
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return osUser{}, fmt.Errorf("user %s: %w", u.Username, err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return osUser{}, fmt.Errorf("user %s: %w", u.Username, err)
	}
	owner := osUser{name: u.Username, uid: uid, gid: gid, home: u.HomeDir}
	ids, err := u.GroupIds()
	if err != nil {
		return osUser{}, fmt.Errorf("groups of user %s: %w", u.Username, err)
	}
	for _, id := range ids {
		group, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return osUser{}, fmt.Errorf("groups of user %s: %w", u.Username, err)
		}
		owner.groups = append(owner.groups, uint32(group))
	}
	return owner, nil
}

func uidOf(info fs.FileInfo) int {
	return int(info.Sys().(*syscall.Stat_t).Uid) // always so on Linux
}

// prepare makes cmd run as the user, in a session of its own (so that neither
// the terminal nor an interrupt reaches it), and with an environment that
// carries nothing of the caller's but the search paths: no PG variables, no
// locale, no secrets.
func (u osUser) prepare(cmd *exec.Cmd) {
	cmd.Env = []string{"LC_ALL=C", "HOME=" + u.home, "PATH=" + os.Getenv("PATH")}
	if libraries, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+libraries)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.gid), Groups: u.groups}
	}
}

// own gives a file in root to the user. Only root needs to, and only root may.
func (u osUser) own(root *os.Root, name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return root.Lchown(name, u.uid, u.gid)
}

// checkReach makes sure that the user can enter home. It tries, rather than
// reading mode bits, so that access control lists count; program is run there
// with -V. The error names the first directory on the way that is closed.
func (u osUser) checkReach(ctx context.Context, home, program string) error {
	enter := func(dir string) error {
		cmd := exec.CommandContext(ctx, program, "-V")
		cmd.Dir = dir
		u.prepare(cmd)
		return cmd.Run()
	}
	err := enter("/")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("user %s cannot run %s: %w", u.name, program, err)
	}
	err = enter(home)
	if err == nil || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	dir := "/"
	for part := range strings.SplitSeq(strings.Trim(home, "/"), "/") {
		dir = filepath.Join(dir, part)
		if err := enter(dir); err != nil && ctx.Err() == nil {
			return fmt.Errorf("the database runs as user %s, who may not enter %s: choose another --home, or let them pass (chmod o+x %s): %w", u.name, dir, dir, err)
		}
	}
	return fmt.Errorf("user %s cannot enter %s: %w", u.name, home, err)
}
