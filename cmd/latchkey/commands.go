package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"latchkey/migrations"
	"latchkey/models"
)

// commandLine is everything that can be asked of the program.
type commandLine struct {
	settings

	Serve       serveCommand       `cmd:"" default:"withargs" help:"Run the server. The first time it prints a link for the setup."`
	Setup       setupCommand       `cmd:"" help:"Make the first tenant and its administrator."`
	Migrate     migrateCommand     `cmd:"" help:"Apply or list the migrations of the database."`
	Tenant      tenantCommand      `cmd:"" help:"Make, list, suspend and resume tenants."`
	User        userCommand        `cmd:"" help:"Make, list, disable and enable users, and set passwords."`
	Member      memberCommand      `cmd:"" help:"Add users to tenants, and remove them."`
	Role        roleCommand        `cmd:"" help:"Give roles to members, take them away, and list roles."`
	Token       tokenCommand       `cmd:"" help:"Make, list and revoke tokens."`
	Application applicationCommand `cmd:"" help:"Make and list applications."`
	Backup      backupCommand      `cmd:"" help:"Copy a SQLite database while servers go on serving."`
	Version     versionCommand     `cmd:"" help:"Say which version this is."`
}

// open connects to the database, brings it up to date and makes sure that it
// belongs to the secret. Only a server remembers tokens.
func (p *program) open(remember int) (*models.Store, error) {
	var bad problems
	p.settings.check(&bad)
	if err := bad.err(); err != nil {
		return nil, err
	}
	secret, err := p.secret()
	if err != nil {
		return nil, err
	}
	store, err := models.Open(p.ctx, models.Config{Database: p.settings.Database, Direct: p.settings.DirectDatabase,
		Secret: secret, Brand: p.settings.TokenBrand, Remember: remember})
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(p.ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// withStore runs f on the opened database.
func (p *program) withStore(f func(*models.Store) error) error {
	store, err := p.open(0)
	if err != nil {
		return err
	}
	return errors.Join(f(store), store.Close())
}

// asOperator runs f with the rights of who holds the command line.
func (p *program) asOperator(f func(*models.Operator) error) error {
	return p.withStore(func(s *models.Store) error { return f(s.Operator()) })
}

// inTenant runs f with the operator's rights in one tenant.
func (p *program) inTenant(slug string, f func(*models.Access) error) error {
	return p.asOperator(func(o *models.Operator) error {
		a, err := o.In(p.ctx, slug)
		if err != nil {
			return err
		}
		return f(a)
	})
}

// password reads one line from standard input. No password is ever an argument:
// everybody on the machine can read those.
func (p *program) password() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(p.stdin, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}

var errNoPassword = errors.New("give --password-stdin and the password on one line of standard input")

// flags are the arguments that the fields of models are filled from, where
// they are called otherwise.
var flags = map[string]string{
	"expires_at": "--expires", "scopes": "--scope", "redirect_uris": "--redirect-uri", "kind": "--kind", "roles": "--role", "role": "--role", "name": "--name", "email": "--email",
	"tenant": "tenant", "organisation": "tenant name",
	"username": "user name", "display_name": "display name",
}

// complaints puts what is wrong with several fields into one line.
func complaints(fields map[string]string) string {
	var list []string
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		name := flags[field]
		if name == "" {
			name = field
		}
		list = append(list, name+": "+fields[field])
	}
	return strings.Join(list, " ")
}

type setupCommand struct {
	Tenant        string `required:"" placeholder:"SLUG" help:"The first tenant, as it stands in addresses."`
	TenantName    string `placeholder:"NAME" help:"What people read; the slug when it is left out."`
	Username      string `required:"" placeholder:"NAME" help:"Its first administrator."`
	Email         string `placeholder:"ADDRESS" help:"The administrator's e-mail address."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

// Validate demands a password: nobody gets one that others know.
func (c *setupCommand) Validate() error {
	if !c.PasswordStdin {
		return errNoPassword
	}
	return nil
}

// Run makes the first tenant. It refuses when there is one.
func (c *setupCommand) Run(p *program) error {
	password, err := p.password()
	if err != nil {
		return err
	}
	return p.withStore(func(s *models.Store) error {
		tenant, user, err := s.SetupOffline(p.ctx, models.NewInstallation{TenantSlug: c.Tenant, TenantName: c.TenantName,
			Username: c.Username, Email: c.Email, Password: password})
		if err != nil {
			return err
		}
		return p.say("Made tenant %s and its administrator %s, who can sign in now.", tenant.Slug, user.Username)
	})
}

type migrateCommand struct {
	Up     migrateUp     `cmd:"" default:"withargs" help:"Apply the migrations that the database lacks."`
	Status migrateStatus `cmd:"" help:"List the migrations and whether the database has them."`
}

type migrateUp struct{}

// Run applies pending migrations, as every start does too.
func (migrateUp) Run(p *program) error {
	return p.withStore(func(*models.Store) error { return p.say("The database has every migration.") })
}

type migrateStatus struct{ listing }

// Run lists the migrations and changes nothing.
func (c *migrateStatus) Run(p *program) error {
	var bad problems
	if p.settings.check(&bad); len(bad) > 0 {
		return bad.err()
	}
	list, err := p.migrations()
	if err != nil {
		return err
	}
	return show(p.stdout, c.JSON, each(list, func(s migrations.Status) migrationRow { return migrationRow(s) }))
}

// migrations tells which ones the database has. A SQLite file that is not there
// has none, and is not made by asking.
func (p *program) migrations() (list []migrations.Status, err error) {
	if p.requireDatabase() != nil {
		return allPending()
	}
	// The secret matters to nothing that is asked here, and there may be none yet.
	store, err := models.Open(p.ctx, models.Config{Database: p.settings.Database, Secret: models.NewSecret()})
	if err != nil {
		return nil, err
	}
	list, err = store.Migrations(p.ctx)
	return list, errors.Join(err, store.Close())
}

func allPending() (list []migrations.Status, err error) {
	files, err := migrations.Files(migrations.SQLite)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.sql")
	for _, name := range names {
		list = append(list, migrations.Status{Name: name})
	}
	return list, err
}

// requireDatabase refuses to ask a SQLite file that is not there, which opening
// would make.
func (p *program) requireDatabase() error {
	path := p.settings.sqliteFile()
	if path == "" {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

type backupCommand struct {
	File string `arg:"" help:"The copy, which must not exist yet."`
}

// Run copies the database. The secret is not in the copy.
func (c *backupCommand) Run(p *program) error {
	if err := p.requireDatabase(); err != nil {
		return err
	}
	return p.withStore(func(s *models.Store) error {
		if err := s.Backup(p.ctx, c.File); err != nil {
			return err
		}
		return p.say("Copied the database to %s. Keep the secret file %s too: without it no token in the copy works.",
			c.File, p.settings.secretPath())
	})
}
