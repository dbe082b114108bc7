package main

import (
	"errors"
	"slices"
	"strings"

	"latchkey/models"
)

type tenantCommand struct {
	Create  tenantCreate  `cmd:"" help:"Make a tenant."`
	List    tenantList    `cmd:"" help:"List all tenants."`
	Suspend tenantSuspend `cmd:"" help:"Stop everything of a tenant; nothing of it is lost."`
	Resume  tenantResume  `cmd:"" help:"End a suspension."`
}

type tenantCreate struct {
	Slug string `arg:"" help:"The tenant, as it stands in addresses."`
	Name string `placeholder:"NAME" help:"What people read; the slug when it is left out."`
}

// Run makes a tenant.
func (c *tenantCreate) Run(p *program) error {
	return p.asOperator(func(o *models.Operator) error {
		t, err := o.CreateTenant(p.ctx, c.Slug, c.Name)
		if err != nil {
			return err
		}
		return p.say("Made tenant %s.", t.Slug)
	})
}

type tenantList struct{ listing }

// Run lists all tenants.
func (c *tenantList) Run(p *program) error {
	return p.asOperator(func(o *models.Operator) error {
		list, err := o.Tenants(p.ctx)
		if err != nil {
			return err
		}
		return show(p.stdout, c.JSON, each(list, newTenantRow))
	})
}

type tenantSuspend struct {
	Slug string `arg:"" help:"The tenant."`
}

// Run suspends a tenant.
func (c *tenantSuspend) Run(p *program) error {
	return p.asOperator(func(o *models.Operator) error {
		if err := o.SuspendTenant(p.ctx, c.Slug); err != nil {
			return err
		}
		return p.say("Tenant %s is suspended: nobody can sign in to it, and its tokens do not work.", c.Slug)
	})
}

type tenantResume struct {
	Slug string `arg:"" help:"The tenant."`
}

// Run ends a suspension.
func (c *tenantResume) Run(p *program) error {
	return p.asOperator(func(o *models.Operator) error {
		if err := o.ResumeTenant(p.ctx, c.Slug); err != nil {
			return err
		}
		return p.say("Tenant %s is not suspended.", c.Slug)
	})
}

type userCommand struct {
	Create      userCreate      `cmd:"" help:"Make a user, and a member of a tenant."`
	List        userList        `cmd:"" help:"List all users."`
	Disable     userDisable     `cmd:"" help:"End a user's sessions, and stop their tokens in every tenant."`
	Enable      userEnable      `cmd:"" help:"Let a disabled user back in."`
	SetPassword userSetPassword `cmd:"" help:"Give a user another password, and end their sessions."`
}

type userCreate struct {
	Username      string   `arg:"" help:"The user name."`
	Tenant        string   `placeholder:"SLUG" help:"Make them a member of this tenant."`
	Role          []string `placeholder:"ROLE" help:"A role in the tenant; may be given several times."`
	Email         string   `placeholder:"ADDRESS" help:"Their e-mail address."`
	Service       bool     `help:"A machine: it has tokens, and cannot sign in."`
	PasswordStdin bool     `help:"Read the password from standard input; a machine has none."`
}

// Validate demands a password of a person, and a tenant for roles.
func (c *userCreate) Validate() error {
	switch {
	case !c.Service && !c.PasswordStdin:
		return errNoPassword
	case c.Tenant == "" && len(c.Role) > 0:
		return errors.New("a role belongs to a tenant: give --tenant too")
	}
	return nil
}

// Run makes a user.
func (c *userCreate) Run(p *program) (err error) {
	in := models.NewUser{Username: c.Username, Email: c.Email, Kind: models.Service}
	if !c.Service {
		in.Kind = models.Person
		if in.Password, err = p.password(); err != nil {
			return err
		}
	}
	return p.asOperator(func(o *models.Operator) error {
		user, err := o.CreateUser(p.ctx, in, c.Tenant, c.Role)
		switch {
		case err != nil:
			return err
		case c.Tenant == "":
			return p.say("Made user %s.", user.Username)
		}
		return p.say("Made user %s, a member of %s with %s.", user.Username, c.Tenant, roles(c.Role))
	})
}

// roles says which roles somebody holds.
func roles(list []string) string {
	if len(list) == 0 {
		return "no roles"
	}
	return strings.Join(list, ", ")
}

type userList struct{ listing }

// Run lists all users.
func (c *userList) Run(p *program) error {
	return p.asOperator(func(o *models.Operator) error {
		list, err := o.Users(p.ctx)
		if err != nil {
			return err
		}
		return show(p.stdout, c.JSON, each(list, newUserRow))
	})
}

type userDisable struct {
	Username string `arg:"" help:"The user."`
}

// Run disables a user everywhere.
func (c *userDisable) Run(p *program) error {
	return p.asOperator(func(o *models.Operator) error {
		if err := o.DisableUser(p.ctx, c.Username); err != nil {
			return err
		}
		return p.say("User %s is disabled: their sessions are over, and their tokens do not work.", c.Username)
	})
}

type userEnable struct {
	Username string `arg:"" help:"The user."`
}

// Run lets a disabled user back in.
func (c *userEnable) Run(p *program) error {
	return p.asOperator(func(o *models.Operator) error {
		if err := o.EnableUser(p.ctx, c.Username); err != nil {
			return err
		}
		return p.say("User %s is enabled: tokens that were not revoked and have not expired work again.", c.Username)
	})
}

type userSetPassword struct {
	Username      string `arg:"" help:"The user."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

// Validate demands a password.
func (c *userSetPassword) Validate() error {
	if !c.PasswordStdin {
		return errNoPassword
	}
	return nil
}

// Run gives a user another password.
func (c *userSetPassword) Run(p *program) error {
	password, err := p.password()
	if err != nil {
		return err
	}
	return p.asOperator(func(o *models.Operator) error {
		if err := o.SetPassword(p.ctx, c.Username, password); err != nil {
			return err
		}
		return p.say("User %s has a new password, and is signed out everywhere.", c.Username)
	})
}

type memberCommand struct {
	Add    memberAdd    `cmd:"" help:"Make a user a member of a tenant."`
	Remove memberRemove `cmd:"" help:"End a membership, and revoke all its tokens."`
}

type memberAdd struct {
	Username string   `arg:"" help:"The user."`
	Tenant   string   `required:"" placeholder:"SLUG" help:"The tenant."`
	Role     []string `placeholder:"ROLE" help:"A role in the tenant; may be given several times."`
}

// Run makes a user a member.
func (c *memberAdd) Run(p *program) error {
	return p.inTenant(c.Tenant, func(a *models.Access) error {
		if err := a.AddMember(p.ctx, c.Username, c.Role); err != nil {
			return err
		}
		return p.say("%s is a member of %s with %s.", c.Username, c.Tenant, roles(c.Role))
	})
}

type memberRemove struct {
	Username string `arg:"" help:"The user."`
	Tenant   string `required:"" placeholder:"SLUG" help:"The tenant."`
}

// Run ends a membership.
func (c *memberRemove) Run(p *program) error {
	return p.inTenant(c.Tenant, func(a *models.Access) error {
		if err := a.RemoveMember(p.ctx, c.Username); err != nil {
			return err
		}
		return p.say("%s is not a member of %s any more, and the tokens they had there are revoked.", c.Username, c.Tenant)
	})
}

type roleCommand struct {
	Assign   roleAssign   `cmd:"" help:"Give a member one role more."`
	Unassign roleUnassign `cmd:"" help:"Take one role away from a member."`
	List     roleList     `cmd:"" help:"List the roles of a tenant."`
}

type roleAssign struct {
	Username string `arg:"" help:"The member."`
	Role     string `arg:"" help:"The role, such as ROLE_ADMIN."`
	Tenant   string `required:"" placeholder:"SLUG" help:"The tenant."`
}

// Run gives a member one role more.
func (c *roleAssign) Run(p *program) error {
	return p.changeRoles(c.Tenant, c.Username, func(held []string) ([]string, string) {
		if slices.Contains(held, c.Role) {
			return held, "%s holds " + c.Role + " in %s already."
		}
		return append(slices.Clone(held), c.Role), "%s holds " + c.Role + " in %s now."
	})
}

type roleUnassign struct {
	Username string `arg:"" help:"The member."`
	Role     string `arg:"" help:"The role, such as ROLE_ADMIN."`
	Tenant   string `required:"" placeholder:"SLUG" help:"The tenant."`
}

// Run takes one role away from a member.
func (c *roleUnassign) Run(p *program) error {
	return p.changeRoles(c.Tenant, c.Username, func(held []string) ([]string, string) {
		left := slices.DeleteFunc(slices.Clone(held), func(r string) bool { return r == c.Role })
		if len(left) == len(held) {
			return held, "%s does not hold " + c.Role + " in %s."
		}
		return left, "%s does not hold " + c.Role + " in %s any more."
	})
}

// changeRoles gives a member the roles that f makes of those that they hold.
func (p *program) changeRoles(tenant, username string, f func(held []string) (wanted []string, said string)) error {
	return p.inTenant(tenant, func(a *models.Access) error {
		var said string
		m, err := a.ChangeMember(p.ctx, username, models.MemberChange{Rework: func(held []string) (wanted []string) {
			wanted, said = f(held)
			return wanted
		}})
		if err != nil {
			return err
		}
		return p.say(said, m.Username, tenant)
	})
}

type roleList struct {
	listing
	Tenant string `required:"" placeholder:"SLUG" help:"The tenant."`
}

// Run lists the roles of a tenant.
func (c *roleList) Run(p *program) error {
	return p.inTenant(c.Tenant, func(a *models.Access) error {
		list, err := a.Roles(p.ctx)
		if err != nil {
			return err
		}
		return show(p.stdout, c.JSON, each(list, newRoleRow))
	})
}
