package models_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// two makes two tenants, each with an administrator, and a token of the second.
func two(t *testing.T, s *models.Store) (ada, bob *models.Access, bobs models.Token) {
	t.Helper()
	modelstest.Tenant(t, s, "acme")
	modelstest.Tenant(t, s, "birch")
	ada = modelstest.Member(t, s, "acme", "ada", models.Admin)
	bob = modelstest.Member(t, s, "birch", "bob", models.Admin)
	bobs, _ = modelstest.Token(t, bob, models.NewToken{Name: "bob's"})
	return ada, bob, bobs
}

// Every way we know to write a statement that forgets its tenant is refused.
func TestTheGuardRefusesAStatementWithoutATenant(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		ada, _, theirs := two(t, s)
		write, read := func() *gorm.DB { return models.WriteDB(ctx, ada) }, func() *gorm.DB { return models.ReadDB(ctx, ada) }
		var tokens []models.Token
		var n int64
		var name string
		for what, test := range map[string]struct {
			err  error
			want error
		}{
			"no tenant find":   {s.Unguarded().WithContext(ctx).Find(&tokens).Error, models.ErrNoTenant},
			"no tenant count":  {s.Unguarded().WithContext(ctx).Model(&models.Token{}).Count(&n).Error, models.ErrNoTenant},
			"no tenant create": {s.Unguarded().WithContext(ctx).Create(&models.Token{ID: "x"}).Error, models.ErrNoTenant},
			"no tenant update": {s.Unguarded().WithContext(ctx).Model(&models.Token{}).Where("id=?", "x").Update("name", "y").Error, models.ErrNoTenant},
			"no tenant delete": {s.Unguarded().WithContext(ctx).Where("id=?", "x").Delete(&models.Token{}).Error, models.ErrNoTenant},
			"no tenant exec":   {s.Unguarded().WithContext(ctx).Exec("DELETE FROM tokens").Error, models.ErrNoTenant},
			"exec":             {write().Exec("DELETE FROM tokens").Error, models.ErrUnowned},
			"raw scan":         {write().Raw("SELECT name FROM tokens").Scan(&name).Error, models.ErrUnowned},
			"raw find":         {write().Raw("SELECT * FROM tokens").Find(&tokens).Error, models.ErrUnowned},
			"raw row":          {rowsError(write().Raw("SELECT name FROM tokens")), models.ErrUnowned},
			"bare table":       {write().Table("tokens").Count(&n).Error, models.ErrUnowned},
			"bare table rows":  {rowsError(write().Table("tokens")), models.ErrUnowned},
			"users":            {write().Find(&[]models.User{}).Error, models.ErrUnowned},
			"save steals row":  {write().Save(&models.Token{ID: theirs.ID, Name: "mine", Hash: []byte("h")}).Error, gorm.ErrMissingWhereClause},
			"read updates":     {read().Model(&models.Token{}).Where("1=1").Update("name", "y").Error, models.ErrReadOnly},
			"read creates":     {read().Create(&models.Token{ID: "x"}).Error, models.ErrReadOnly},
			"read deletes":     {read().Where("1=1").Delete(&models.Token{}).Error, models.ErrReadOnly},
			"delete all":       {write().Delete(&models.Token{}).Error, gorm.ErrMissingWhereClause},
			"update all":       {write().Model(&models.Token{}).Update("name", "z").Error, gorm.ErrMissingWhereClause},
		} {
			if !errors.Is(test.err, test.want) {
				t.Errorf("%s: got %v, want %v", what, test.err, test.want)
			}
		}
	})
}

func rowsError(q *gorm.DB) error {
	r, err := q.Rows()
	if r != nil {
		err = errors.Join(err, r.Err(), r.Close())
	}
	return err
}

// Whatever a statement says about tenants, it stays in its own.
func TestTheGuardKeepsAStatementInItsTenant(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		ada, bob, theirs := two(t, s)
		write := func() *gorm.DB { return models.WriteDB(ctx, ada) }
		for what, q := range map[string]*gorm.DB{
			"plain":    write(),
			"by id":    write().Where("id = ?", theirs.ID),
			"or":       write().Where("id = ?", "nope").Or("id = ?", theirs.ID),
			"or true":  write().Where("1 = 1").Or("1 = 1"),
			"raw or":   write().Where("1 = 0 OR 1 = 1"),
			"not":      write().Not("id = ?", "nope"),
			"subquery": write().Where("id IN (?)", write().Model(&models.Token{}).Select("id")),
			"struct":   write().Where(&models.Token{TenantID: bob.Tenant().ID}),
			"session":  write().Session(&gorm.Session{}),
			"joined":   write().Joins("JOIN users ON users.id = tokens.user_id"),
		} {
			var got []models.Token
			if err := q.Find(&got).Error; err != nil || len(got) != 0 {
				t.Errorf("%s: ada sees %d of bob's tokens (err %v)", what, len(got), err)
			}
		}
		res := write().Model(&models.Token{}).Where("id = ?", "nope").Or("id = ?", theirs.ID).Update("name", "mine")
		if res.Error != nil || res.RowsAffected != 0 {
			t.Errorf("update with or: %d rows, %v", res.RowsAffected, res.Error)
		}
		if res = write().Where("id = ?", theirs.ID).Delete(&models.Token{}); res.Error != nil || res.RowsAffected != 0 {
			t.Errorf("delete: %d rows, %v", res.RowsAffected, res.Error)
		}
	})
}

// An insert is stamped with the tenant whatever it says, and no update moves a row.
func TestTheGuardStampsAndNeverMovesARow(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		ada, bob, _ := two(t, s)
		role := models.Role{TenantID: bob.Tenant().ID, Name: "ROLE_X", Scopes: models.Words{"a:b"}}
		if err := models.WriteDB(ctx, ada).Create(&role).Error; err != nil || role.TenantID != ada.Tenant().ID {
			t.Fatalf("create: tenant %q, err %v", role.TenantID, err)
		}
		many := []models.Role{{TenantID: bob.Tenant().ID, Name: "ROLE_Y", Scopes: models.Words{"a:b"}}}
		if err := models.WriteDB(ctx, ada).Create(&many).Error; err != nil || many[0].TenantID != ada.Tenant().ID {
			t.Errorf("create of several: %v %v", many, err)
		}
		if err := models.WriteDB(ctx, ada).Model(&models.Role{}).Create(map[string]any{"name": "ROLE_Z"}).Error; err == nil {
			t.Error("create of a map: want it refused")
		}
		moved := models.WriteDB(ctx, ada).Model(&models.Role{}).Where("name = ?", "ROLE_X").
			Updates(map[string]any{"tenant_id": bob.Tenant().ID, "description": "moved"})
		var back models.Role
		if err := models.WriteDB(ctx, ada).Where("name = ?", "ROLE_X").Take(&back).Error; err != nil || back.Description != "moved" {
			t.Errorf("move: %v, then %+v, %v", moved.Error, back, err)
		}
	})
}

// A token that was revoked stays revoked, whoever writes.
func TestRevokedIsOneWay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		_, bob, theirs := two(t, s)
		if err := bob.RevokeToken(ctx, theirs.ID); err != nil {
			t.Fatal(err)
		}
		err := s.Across(ctx).Model(&models.Token{}).Where("id = ?", theirs.ID).Update("revoked_at", nil).Error
		if err == nil {
			t.Error("the database let a token be un-revoked")
		}
		if err := s.Across(ctx).Model(&models.Token{}).Where("id = ?", theirs.ID).Update("name", "other").Error; err != nil {
			t.Errorf("a change that leaves revoked_at alone: %v", err)
		}
	})
}

// Nobody changes or deletes what stands in the audit log.
func TestTheAuditLogIsAppendOnly(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		two(t, s)
		if err := s.Across(ctx).Model(&models.AuditEvent{}).Where("1 = 1").Update("actor", "nobody").Error; err == nil {
			t.Error("the database let an event be changed")
		}
		if err := s.Across(ctx).Where("1 = 1").Delete(&models.AuditEvent{}).Error; err == nil {
			t.Error("the database let events be deleted")
		}
	})
}
