// Package server starts private PostgreSQL servers for tests: from installed
// binaries, on a unix socket in a temporary directory, as a user that is not root.
package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing says that this machine has no PostgreSQL.
var ErrMissing = errors.New("no PostgreSQL binaries found: install them (on Debian: apt-get install postgresql) or set DATABASE_URL")

// Server is one PostgreSQL server. It is not safe for simultaneous use.
type Server struct {
	bin  string // folder of the binaries
	dir  string // of everything: data, socket, log
	port string
	cmd  *exec.Cmd
	gone chan struct{} // closed when the process has ended
}

// New makes the files of a server, which is not started yet. Close removes them.
func New() (*Server, error) {
	s, err := empty()
	if err != nil {
		return nil, err
	}
	if err := s.command("initdb", "-D", s.data(), "-U", "scrip", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// empty makes the folder of a server.
func empty() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "scrip") // short: a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, port: "5432"}
	if who := s.owner(); who != nil {
		err = os.Chown(dir, int(who.Uid), int(who.Gid))
	}
	return s, err
}

// binaries returns the folder with postgres and initdb: that of PATH, or the newest
// of those where distributions keep them.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil && has(filepath.Dir(real), "postgres") {
			return filepath.Dir(real), nil
		}
		if has(filepath.Dir(path), "postgres") {
			return filepath.Dir(path), nil
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		folders, _ := filepath.Glob(pattern) // the pattern is sound
		for _, folder := range slices.Backward(folders) {
			if has(folder, "postgres") && has(folder, "initdb") {
				return folder, nil
			}
		}
	}
	return "", ErrMissing
}

func has(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }
func (s *Server) log() string  { return filepath.Join(s.dir, "log") }

// URL is where the server listens, to connect as its superuser.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://scrip@/postgres?host=%s&port=%s&sslmode=disable", s.dir, s.port)
}

// Start starts the server with settings as "name=value", and waits until it answers.
func (s *Server) Start(settings ...string) error {
	args := []string{"-D", s.data(), "-k", s.dir, "-p", s.port, "-c", "listen_addresses="}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = s.prepare(exec.Command(filepath.Join(s.bin, "postgres"), args...))
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	gone, cmd := make(chan struct{}), s.cmd
	s.gone = gone
	go func() {
		_ = cmd.Wait() // how it ended is in the log
		close(gone)
	}()
	return s.await()
}

// await waits until the server answers.
func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.gone:
			return fmt.Errorf("the server did not start:\n%s", s.tail())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w\n%s", err, s.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tail returns the end of the log.
func (s *Server) tail() []byte {
	log, _ := os.ReadFile(s.log()) // none is as good as empty
	return log[max(0, len(log)-2000):]
}

// Stop ends the server as an operator does, and disconnects its clients.
func (s *Server) Stop() error {
	if s.cmd == nil {
		return nil
	}
	return s.end(syscall.Kill(s.cmd.Process.Pid, syscall.SIGINT))
}

// Kill ends the server as a power cut does: with all its processes, at once.
func (s *Server) Kill() error {
	if s.cmd == nil {
		return nil
	}
	pid := s.cmd.Process.Pid
	// One that stands still starts no more processes, and tells those it has nothing.
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return s.end(err)
	}
	family, err := children(pid)
	for _, child := range append(family, pid) {
		if err := syscall.Kill(child, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return errors.Join(err, s.end(nil), awaitEnd(family))
}

// end waits for a server that was sent a signal.
func (s *Server) end(err error) error {
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	<-s.gone
	s.cmd = nil
	return nil
}

// Close stops the server and removes its files.
func (s *Server) Close() error {
	return errors.Join(s.Kill(), os.RemoveAll(s.dir))
}

// command runs one of PostgreSQL's programs to its end.
func (s *Server) command(name string, args ...string) error {
	cmd := s.prepare(exec.Command(filepath.Join(s.bin, name), args...))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out.Bytes())
	}
	return nil
}

// prepare makes a command run in a process group of its own, and as another user
// than root, whom PostgreSQL refuses.
func (s *Server) prepare(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.owner()}
	return cmd
}

// owner is whom the server runs as; nil: who runs this.
func (s *Server) owner() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if who, err := user.Lookup(name); err == nil {
			uid, errUID := strconv.ParseUint(who.Uid, 10, 32)
			gid, errGID := strconv.ParseUint(who.Gid, 10, 32)
			if errUID == nil && errGID == nil {
				return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
			}
		}
	}
	return nil
}
