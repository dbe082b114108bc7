package models

import (
	"time"

	"gorm.io/gorm"
)

// How long what came of grants is kept once it is over.
const (
	keptCode  = 24 * time.Hour      // in which a code that is shown again ends what it gave
	keptGrant = 30 * 24 * time.Hour // in which an access token is listed
)

// grantSweeps delete what came of grants and is over, what refers to something
// else first. A token that made others stays: they say that it did.
func grantSweeps(now time.Time) []func(tx *gorm.DB) (int, error) {
	const children = "NOT EXISTS (SELECT 1 FROM tokens made WHERE made.tenant_id = tokens.tenant_id AND made.parent_id = tokens.id)"
	const used = "NOT EXISTS (SELECT 1 FROM tokens t WHERE t.tenant_id = grants.tenant_id AND t.grant_id = grants.id)" +
		" AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.tenant_id = grants.tenant_id AND r.grant_id = grants.id)"
	return []func(tx *gorm.DB) (int, error){
		sweepHashes(&authorizationCode{}, now.Add(-keptCode)),
		sweepHashes(&refreshToken{}, now),
		func(tx *gorm.DB) (int, error) {
			return sweepTokens(tx, tx.Where("kind = ? AND expires_at <= ?", KindAccess, now.Add(-keptGrant)).Where(children))
		},
		func(tx *gorm.DB) (int, error) {
			return sweepGrants(tx.Where("expires_at <= ?", now.Add(-keptGrant)).Where(used))
		},
		func(tx *gorm.DB) (int, error) {
			return sweepGrants(tx.Where("ended_at <= ?", now.Add(-keptGrant)).Where(used))
		},
	}
}

// sweepHashes deletes what is known by its hash and expired by an instant.
func sweepHashes(of any, by time.Time) func(tx *gorm.DB) (int, error) {
	return func(tx *gorm.DB) (int, error) {
		var hashes [][]byte
		err := tx.Model(of).Where("expires_at <= ?", by).Limit(batch).Pluck("hash", &hashes).Error
		if err != nil || len(hashes) == 0 {
			return 0, err
		}
		return len(hashes), tx.Where("hash IN ?", hashes).Delete(of).Error
	}
}

// sweepTokens deletes tokens with the days on which they were used.
func sweepTokens(tx, which *gorm.DB) (int, error) {
	var ids []string
	if err := which.Model(&Token{}).Limit(batch).Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := tx.Where("token_id IN ?", ids).Delete(&TokenDay{}).Error; err != nil {
		return 0, err
	}
	return len(ids), tx.Where("id IN ?", ids).Delete(&Token{}).Error
}

func sweepGrants(which *gorm.DB) (int, error) {
	q := which.Session(&gorm.Session{})
	var ids []string
	if err := q.Model(&Grant{}).Limit(batch).Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), q.Where("id IN ?", ids).Delete(&Grant{}).Error
}
