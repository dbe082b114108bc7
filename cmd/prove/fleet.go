package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"latchkey/models"
)

// A fleet is the replicas of one installation, and the way to its database
// that nothing is wrong with.
type fleet struct {
	programs programs
	dir      string
	database string
	replicas []*replica
	store    *models.Store // makes tenants, members and tokens
	past     *models.Store // the same with a clock of long ago, for tokens of some age
}

// age is how old a token is that the store of the past makes.
const age = 30 * 24 * time.Hour

// newFleet starts n replicas on a database. The caller closes it, also after
// an error.
func newFleet(ctx context.Context, p programs, dir, database string, n int) (f *fleet, err error) {
	f = &fleet{programs: p, dir: dir, database: database}
	if err := f.open(ctx); err != nil {
		return f, err
	}
	for i := range n {
		r, err := f.newReplica(ctx, fmt.Sprintf("replica %d", i+1))
		if err != nil {
			return f, err
		}
		f.replicas = append(f.replicas, r)
		if err := r.start(ctx, p.plain); err != nil {
			return f, err
		}
	}
	return f, nil
}

// open makes the secret and the tables.
func (f *fleet) open(ctx context.Context) (err error) {
	secret := []byte(fmt.Sprintf("%x", models.NewSecret()))
	if err := os.WriteFile(f.secretFile(), secret, 0o600); err != nil {
		return err
	}
	cfg := models.Config{Database: f.database, Secret: secret}
	if f.store, err = models.Open(ctx, cfg); err != nil {
		return err
	}
	if err := f.store.Migrate(ctx); err != nil {
		return err
	}
	cfg.Now = func() time.Time { return time.Now().Add(-age) }
	if f.past, err = models.Open(ctx, cfg); err != nil {
		return err
	}
	return f.past.Migrate(ctx) // which also makes it ready to read
}

func (f *fleet) secretFile() string { return filepath.Join(f.dir, "secret") }

func (f *fleet) overNetwork() bool { return !strings.HasPrefix(f.database, "sqlite:") }

// newReplica gives a replica its port and its own ways to the database, which
// it keeps when it is started again.
func (f *fleet) newReplica(ctx context.Context, name string) (r *replica, err error) {
	transport := &http.Transport{MaxIdleConns: 100, MaxIdleConnsPerHost: 100}
	r = &replica{name: name, log: filepath.Join(f.dir, name+".log"),
		client: &http.Client{Transport: transport, Timeout: requestPatience}}
	if r.address, err = freeAddress(); err != nil {
		return nil, err
	}
	r.args = []string{"serve", "--secret-file", f.secretFile(), "--listen", r.address, "--log-level", "warn"}
	if !f.overNetwork() {
		r.args = append(r.args, "--database", f.database)
		return r, nil
	}
	host, err := hostOf(f.database)
	if err != nil {
		return nil, err
	}
	if r.pool, err = newProxy(ctx, host); err != nil {
		return nil, err
	}
	if r.listener, err = newProxy(ctx, host); err != nil {
		return nil, err
	}
	r.args = append(r.args, "--database", by(f.database, r.pool), "--direct-database", by(f.database, r.listener))
	return r, nil
}

// command runs the command line beside the replicas.
func (f *fleet) command(ctx context.Context, args ...string) error {
	args = append(args, "--database", f.database, "--secret-file", f.secretFile())
	out, err := exec.CommandContext(ctx, f.programs.plain, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// well are the replicas that nothing is wrong with.
func (f *fleet) well() (list []*replica) {
	for _, r := range f.replicas {
		if r.is(well) {
			list = append(list, r)
		}
	}
	return list
}

// close ends the replicas and gives the database back.
func (f *fleet) close() (err error) {
	for _, r := range f.replicas {
		err = errors.Join(err, r.stop())
	}
	for _, s := range []*models.Store{f.store, f.past} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
