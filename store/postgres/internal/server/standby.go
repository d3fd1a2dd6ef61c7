package server

import (
	"errors"
	"fmt"
)

// Standby makes the files of a server that follows this one, which has to run,
// under a name that the settings synchronous_standby_names of this one may have. It
// is not started yet. Close removes its files.
func (s *Server) Standby(name string) (*Server, error) {
	standby, err := empty()
	if err != nil {
		return nil, err
	}
	err = standby.command("pg_basebackup", "-D", standby.data(), "-R", "--checkpoint=fast", "--no-sync", "--wal-method=stream",
		"-d", fmt.Sprintf("host=%s port=%s user=scrip application_name=%s", s.dir, s.port, name))
	if err != nil {
		return nil, errors.Join(err, standby.Close())
	}
	return standby, nil
}

// Promote makes a standby that runs a server of its own. It returns when that
// takes writes.
func (s *Server) Promote() error {
	return s.command("pg_ctl", "promote", "-D", s.data(), "-w", "-t", "60")
}
