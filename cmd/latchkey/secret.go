package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"latchkey/migrations"
	"latchkey/models"
)

const (
	shortestSecret = 32
	longestSecret  = 64 << 10
)

// readSecret reads the installation's secret. The text of the file is the
// secret, without white space around it, whatever it encodes.
func readSecret(path string, log *slog.Logger) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the secret: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("the secret: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, longestSecret+1))
	if err != nil {
		return nil, fmt.Errorf("the secret: %w", err)
	}
	secret := bytes.TrimSpace(text)
	if complaint := weak(secret); complaint != "" {
		return nil, fmt.Errorf("the secret file %s %s. Use at least 32 random bytes, or delete it before the first start and one is made", path, complaint)
	}
	if info.Mode().Perm()&0o077 != 0 {
		// A mounted secret often has its mode from elsewhere, so it is no reason to stop.
		log.Warn("others on this machine may read the secret file: chmod 600 mends it", "file", path, "mode", info.Mode().Perm())
	}
	return secret, nil
}

// weak says why a secret would protect nothing, or nothing.
func weak(secret []byte) string {
	switch {
	case len(secret) == 0:
		return "is empty"
	case len(secret) < shortestSecret:
		return fmt.Sprintf("holds only %d of %d bytes", len(secret), shortestSecret)
	case len(secret) > longestSecret:
		return "is too long to be a secret"
	case bytes.Count(secret, secret[:1]) == len(secret):
		return "repeats one byte"
	}
	return ""
}

// secret is the installation's secret. At the first start it is made, and then
// every process that starts at the same time has the same one.
func (p *program) secret() ([]byte, error) {
	path := p.settings.secretPath()
	secret, err := readSecret(path, p.log)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	used, err := p.databaseInUse()
	if err != nil {
		return nil, err
	}
	// Another process may have made the file, and even the tables, meanwhile.
	secret, err = readSecret(path, p.log)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if used {
		return nil, fmt.Errorf("there is no secret file %s, and the database has been used with one: give the one that belongs to it with --secret-file", path)
	}
	if err := makeSecret(path); err != nil {
		return nil, fmt.Errorf("making the secret file: %w", err)
	}
	return readSecret(path, p.log)
}

// databaseInUse reports whether the database has tables already, made with a
// secret that must be found rather than made.
func (p *program) databaseInUse() (bool, error) {
	list, err := p.migrations()
	return slices.ContainsFunc(list, func(m migrations.Status) bool { return m.Applied }), err
}

// makeSecret makes a secret file that only its owner can read. It appears whole
// or not at all, and the first of several processes wins.
func makeSecret(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".latchkey.secret-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(models.NewSecret()) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a new name outlast a power cut: tokens that outlived the secret
// would all be dead.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
