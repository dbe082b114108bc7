package models

import (
	"context"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Named is what everything has that people name: projects, environments and
// what is in projects. A name is unique among its kind in its place, however it
// is written. To rename a thing keeps whatever refers to it.
type Named struct {
	TenantID  string `gorm:"primaryKey"`
	ID        string `gorm:"primaryKey"`
	Name      string
	NameKey   string // equal for names that look the same
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

func (n *Named) named() *Named { return n }

// Placed is Named for what is in a project.
type Placed struct {
	Named
	ProjectID string
}

// A thing is a pointer to something named.
type thing[T any] interface {
	*T
	named() *Named
}

// A NameQuery says which things are wanted, in the order of their names.
type NameQuery struct {
	Paging
	Search string // part of the name; empty for all
}

// pageOfNames reads one page of q. list stands for what q is narrowed to. Names
// are gone through in an index, which has nothing else; then the rows are read.
func pageOfNames[T any, P thing[T]](a *Access, tx, q *gorm.DB, list string, in NameQuery) (List[T], error) {
	if in.Search != "" {
		clean, complaint := cleanText(in.Search, 0, 100)
		if complaint != "" {
			return List[T]{}, invalid(map[string]string{"q": complaint})
		}
		q = q.Where("name_key LIKE ?"+likeEscape, contains(nameKey(clean)))
	}
	page, err := pageOf(a, q.Select("id", "name_key"), list+"\n"+in.Search, in.Paging, order{column: "name_key", id: "id"}, func(t T) place {
		n := P(&t).named()
		return newPlace(n.NameKey, n.ID)
	})
	if err != nil || len(page.Items) == 0 {
		return page, err
	}
	ids := each(page.Items, func(t T) string { return P(&t).named().ID })
	return page, tx.Where("id IN ?", ids).Order("name_key, id").Find(&page.Items).Error
}

// takeNamed reads one thing by its name or its id, whatever q is narrowed to.
// What could be neither never reaches the database.
func takeNamed[T any, P thing[T]](q *gorm.DB, kind, name string, missing error) (found T, err error) {
	column, value := "name_key", nameKey(name)
	switch {
	case isID(kind, name):
		column, value = "id", name
	case !couldBeName(name):
		return found, missing
	}
	if err = q.Where(column+" = ?", value).Take(&found).Error; isMissing(err) {
		err = missing
	}
	if err == nil && column == "name_key" && exactly(q) && P(&found).named().Name != norm.NFC.String(name) {
		return *new(T), missing
	}
	return found, err
}

type exactKey struct{}

// Exactly makes operations find a thing only by its name as it is written,
// capitals and all. Other systems tell such names apart.
func Exactly(ctx context.Context) context.Context { return context.WithValue(ctx, exactKey{}, true) }

func exactly(q *gorm.DB) bool { return q.Statement.Context.Value(exactKey{}) != nil }

func couldBeName(s string) bool {
	_, complaint := cleanText(s, 1, 100)
	return complaint == "" && strings.TrimSpace(s) == s
}

// held makes the reader of a row wait for others who change it, and keeps it
// until the transaction ends.
func held(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: "UPDATE"}).Session(&gorm.Session{})
}

// thingName checks a name that somebody chose. It stands in addresses, so it
// holds nothing that has a meaning there.
func thingName(s string, problems map[string]string) (name, key string) {
	clean, complaint := cleanText(s, 1, 100)
	switch {
	case complaint != "":
	case strings.ContainsAny(clean, `/\%?#;`), clean == ".", clean == "..":
		complaint = `Leave out / \ % ? # and ;: the name stands in addresses.`
	case looksSecret(clean):
		complaint = "This is a token. Write a name, and keep the token to yourself."
	case looksID(clean):
		complaint = "This looks like an id. Choose another name."
	}
	if complaint != "" {
		problems["name"] = complaint
	}
	return clean, nameKey(clean)
}

func looksID(s string) bool {
	kind, _, _ := strings.Cut(s, "_")
	return len(kind) == 3 && isID(kind, s)
}

// rename puts a name that somebody chose in place of the one that is there.
func (n *Named) rename(name *string, problems map[string]string) {
	if name != nil {
		n.Name, n.NameKey = thingName(*name, problems)
	}
}

// describe is rename for a description.
func describe(to *string, text *string, problems map[string]string) {
	if text == nil {
		return
	}
	clean, complaint := cleanLines(*text, 0, 500)
	if *to = clean; complaint != "" {
		problems["description"] = complaint
	}
}

// begin gives a new thing its id and its first instants.
func (a *Access) begin(n *Named, kind string) {
	n.ID, n.CreatedAt = newID(kind), a.store.now()
	n.UpdatedAt = n.CreatedAt
}

const nameTaken = "There is already one with this name. Choose another."

var errNameTaken = &Error{Kind: Conflict, Message: nameTaken, Fields: map[string]string{"name": nameTaken}}

// insert stores a new thing.
func insert(tx *gorm.DB, t any) error { return unlessTaken(tx.Create(t).Error) }

// update stores some columns of a thing, besides its name, as it shall be.
func update[T any, P thing[T]](a *Access, tx *gorm.DB, t P, columns ...string) error {
	n := t.named()
	n.UpdatedAt = a.store.now()
	columns = append([]string{"name", "name_key", "updated_at"}, columns...)
	return unlessTaken(tx.Model(new(T)).Where("id = ?", n.ID).Select(columns).Updates(t).Error)
}

func unlessTaken(err error) error {
	if isDuplicate(err) {
		return errNameTaken
	}
	return err
}

// differs fills in the record of a change with what is not as it was. It
// reports whether anything is.
func (e *AuditEvent) differs(before, after map[string]any) bool {
	e.Before, e.After = map[string]any{}, map[string]any{}
	for field, was := range before {
		if !reflect.DeepEqual(was, after[field]) {
			e.Before[field], e.After[field] = was, after[field]
		}
	}
	return len(e.After) > 0
}

// someNames tells a few names, and how many more there are.
func someNames(names []string) string {
	const few = 5
	if len(names) == 1 {
		return names[0]
	}
	if len(names) > few {
		return strings.Join(names[:few], ", ") + " and others"
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// manyNames is how many names someNames needs to know that there are more.
const manyNames = 6

// cut makes a text fit to be stored and shown, whatever it held.
func cut(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if hidden(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most-1]) + "…"
	}
	return s
}
