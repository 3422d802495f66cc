package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pglogrepl"

	"github.com/visagedb/visage/internal/face"
)

// mostFresh bounds how many identities of a transaction's own faces are remembered,
// some 20 MB.
const mostFresh = 1 << 18

// changes makes of the server's messages what the follower is told.
type changes struct {
	*following
	tables map[uint32]table // by the server's number for them
	open   bool             // a transaction is under way
	xid    uint32           // of that transaction
	// fresh are the identities of faces that the transaction made or changed: its
	// templates cannot be looked up as long as others do not see them.
	fresh   map[[16]byte][16]byte
	pending batch
}

func newChanges(r *following) *changes {
	return &changes{following: r, tables: map[uint32]table{}, fresh: map[[16]byte][16]byte{}, pending: newBatch()}
}

// take takes one message.
func (c *changes) take(ctx context.Context, message pglogrepl.Message) error {
	switch m := message.(type) {
	case *pglogrepl.BeginMessage:
		c.open, c.xid = true, m.Xid
		return nil
	case *pglogrepl.CommitMessage:
		return c.commit(ctx, face.Position(m.TransactionEndLSN))
	case *pglogrepl.RelationMessage:
		known, err := newTable(m)
		c.tables[m.RelationID] = known
		return err
	case *pglogrepl.InsertMessage:
		return c.insert(ctx, c.tables[m.RelationID], m.Tuple)
	case *pglogrepl.UpdateMessage:
		return c.update(ctx, c.tables[m.RelationID], m.OldTuple, m.NewTuple)
	case *pglogrepl.DeleteMessage:
		return c.erase(ctx, c.tables[m.RelationID], m.OldTuple)
	case *pglogrepl.TruncateMessage:
		return c.truncate(ctx, m.RelationIDs)
	default: // types and origins, which nothing hangs on
		return nil
	}
}

func (c *changes) commit(ctx context.Context, at face.Position) error {
	if err := c.flush(ctx); err != nil {
		return err
	}
	if len(c.fresh) > 0 {
		c.unseen = append(c.unseen, c.xid)
		clear(c.fresh)
	}
	if len(c.unseen)%unseenMany == unseenMany-1 {
		if err := c.look(ctx); err != nil {
			return err
		}
	}
	c.open = false
	return c.reach(ctx, at)
}

// insert takes a new row.
func (c *changes) insert(ctx context.Context, t table, row *pglogrepl.TupleData) error {
	switch t.kind {
	case spaceRows:
		id, space, err := t.space(row)
		if err != nil {
			return err
		}
		return c.told(c.follower.Space(ctx, id, space))
	case faceRows:
		id, identity, err := t.face(row)
		if err != nil {
			return err
		}
		c.remember(id, identity)
		return nil
	default:
		return c.put(ctx, t, row)
	}
}

// update takes a row that was changed. The old one is nil where its key is the same.
func (c *changes) update(ctx context.Context, t table, before, after *pglogrepl.TupleData) error {
	switch t.kind {
	case spaceRows:
		return nil
	case faceRows:
		id, identity, err := t.face(after)
		if err != nil {
			return err
		}
		c.remember(id, identity)
		c.pending.identities[id] = identity
		return c.flushLarge(ctx)
	default:
		if before != nil {
			if err := c.erase(ctx, t, before); err != nil {
				return err
			}
		}
		return c.put(ctx, t, after)
	}
}

func (c *changes) put(ctx context.Context, t table, row *pglogrepl.TupleData) error {
	template, err := t.template(row)
	if err != nil {
		return err
	}
	if template.Vector == nil {
		c.unseen = append(c.unseen, c.xid) // it has to be looked up
	}
	c.pending.put(t.id, template)
	return c.flushLarge(ctx)
}

// remember keeps what a face's identity is now, for the templates of the transaction.
// Where they are too many, those are looked up once others see it.
func (c *changes) remember(id, identity [16]byte) {
	if len(c.fresh) >= mostFresh {
		c.unseen = append(c.unseen, c.xid)
		clear(c.fresh)
	}
	c.fresh[id] = identity
}

func (c *changes) erase(ctx context.Context, t table, before *pglogrepl.TupleData) error {
	if t.kind != templateRows {
		return nil
	}
	id, err := t.key(before)
	if err != nil {
		return err
	}
	c.pending.remove(t.id, id)
	return c.flushLarge(ctx)
}

func (c *changes) truncate(ctx context.Context, tables []uint32) error {
	if err := c.flush(ctx); err != nil {
		return err
	}
	for _, number := range tables {
		if t := c.tables[number]; t.kind == templateRows {
			if err := c.told(c.follower.Clear(ctx, t.id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// flushLarge tells the follower of a batch that has become large.
func (c *changes) flushLarge(ctx context.Context) error {
	if !c.pending.large() {
		return nil
	}
	return c.flush(ctx)
}

// flush tells the follower of the batch, of what is gone first. A template comes with
// the identity that its face has now; where that is one of a later transaction, that
// one's own word follows.
func (c *changes) flush(ctx context.Context) error {
	for space, faces := range c.pending.removed {
		if err := c.told(c.follower.Remove(ctx, space, slices.Collect(maps.Keys(faces)))); err != nil {
			return err
		}
	}
	for space, rows := range c.pending.rows {
		list, err := c.complete(ctx, space, rows)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		if err := c.told(c.follower.Put(ctx, space, list)); err != nil {
			return err
		}
	}
	if len(c.pending.identities) > 0 {
		if err := c.told(c.follower.Identify(ctx, c.pending.identities)); err != nil {
			return err
		}
	}
	c.pending = newBatch()
	return nil
}
