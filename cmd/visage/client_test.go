package main

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/internal/client"
	"github.com/visagedb/visage/internal/face"
)

// conforming sends requests and holds them, and what comes back, to the OpenAPI
// document.
type conforming struct{ *testing.T }

// RoundTrip is http.RoundTripper's.
func (c conforming) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	conforms(c.T, r, sent, answer, text)
	return answer, nil
}

func clientOf(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: url, HTTP: &http.Client{Transport: conforming{t}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// made is what a call returned that must succeed.
func made[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// The client and the true program: people are enrolled, found, verified, merged, moved
// and erased.
func TestClient(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), sampleDir(t)
	c := clientOf(t, serveProcess(newVisage(t)).url)
	const gallery = "staff & friends/2024"
	if g := made[face.Gallery](t)(c.CreateGallery(ctx, gallery)); g.Name != gallery {
		t.Errorf("made %+v", g)
	}
	if _, err := c.CreateGallery(ctx, gallery); face.CodeOf(err) != face.Exists {
		t.Errorf("made again: %v", err)
	}
	var ids []string
	for person := range 3 {
		name := sampleName(person)
		ids = append(ids, made[face.Identity](t)(c.CreateIdentity(ctx, gallery, name)).ID)
		photo := content(t, filepath.Join(dir, "people", name, "0.jpg"))
		outcomes := made[[]client.Outcome](t)(c.AddFaces(ctx, gallery, ids[person], client.Photographs{Photos: [][]byte{photo, []byte("no photograph"), photo}, Faces: "all"}))
		if len(outcomes) != 3 || outcomes[0].Status != "enrolled" || outcomes[1].Error == nil || outcomes[1].Error.Code != face.Unsupported || outcomes[2].Status != "enrolled" && outcomes[2].Status != "present" {
			t.Errorf("enrolled %+v", outcomes)
		}
	}
	if list := made[client.List[face.Identity]](t)(c.Identities(ctx, gallery, face.Page{Limit: 2})); len(list.Items) != 2 || list.Next == "" {
		t.Errorf("listed %+v", list)
	}
	probe := content(t, filepath.Join(dir, "people", sampleName(1), "0.jpg"))
	found := made[client.Found](t)(c.Search(ctx, gallery, client.Query{Photo: probe, K: 2}))
	if best := found.Results[0][0]; best.Identity != sampleName(1) || best.Distance > 1e-6 || found.Probes[0].Decision == "" || !found.Search.Complete {
		t.Errorf("found %+v", found)
	}
	if c.Position() == "" {
		t.Error("no position is known after writes")
	}
	same := made[client.Found](t)(c.Search(ctx, gallery, client.Query{Photos: [][]byte{probe, probe}, SamePerson: true, MinLSN: c.Position()}))
	if len(same.Results) != 1 || same.Results[0][0].Identity != sampleName(1) {
		t.Errorf("one person on two photographs: found %+v", same)
	}
	if _, err := c.Search(ctx, gallery, client.Query{Photo: probe, AntiSpoofing: true}); face.CodeOf(err) != face.Unavailable {
		t.Errorf("without a model that tells: %v", err)
	}
	seen := made[[]client.Representation](t)(c.Represent(ctx, probe, client.Models{}))
	again := made[client.Found](t)(c.Search(ctx, gallery, client.Query{Embedding: seen[0].Embedding, Space: seen[0].Space, Filter: &face.Filter{Excluded: []string{sampleName(1)}}}))
	if len(again.Results[0]) == 0 || again.Results[0][0].Identity == sampleName(1) {
		t.Errorf("found %+v", again)
	}
	if said := made[client.Verdict](t)(c.VerifyIdentity(ctx, gallery, ids[1], client.Query{Photo: probe})); !said.Verified || said.IdentityID != ids[1] {
		t.Errorf("verified %+v", said)
	}
	if said := made[client.Comparison](t)(c.Verify(ctx, probe, probe, client.Models{})); !said.Verified || said.Distance > 1e-6 {
		t.Errorf("compared %+v", said)
	}
	changes(t, c, gallery, ids)
}

// changes merges, renames, moves and erases.
func changes(t *testing.T, c *client.Client, gallery string, ids []string) {
	t.Helper()
	ctx := t.Context()
	merge := made[face.Merge](t)(c.MergeIdentity(ctx, gallery, ids[0], ids[1]))
	if _, err := c.Identity(ctx, gallery, ids[0]); face.CodeOf(err) != face.NotFound {
		t.Errorf("merged: %v", err)
	}
	if undone := made[face.Merge](t)(c.UndoMerge(ctx, merge.ID)); undone.UndoneAt == nil {
		t.Errorf("undone %+v", undone)
	}
	if _, err := c.UndoMerge(ctx, merge.ID); face.CodeOf(err) != face.Conflict {
		t.Errorf("undone again: %v", err)
	}
	if renamed := made[face.Identity](t)(c.RenameIdentity(ctx, gallery, ids[0], "Ann Lee")); renamed.Name != "Ann Lee" {
		t.Errorf("renamed %+v", renamed)
	}
	if named := made[face.Identity](t)(c.IdentityNamed(ctx, gallery, "Ann Lee")); named.ID != ids[0] {
		t.Errorf("named %+v", named)
	}
	faces := made[client.List[face.Stored]](t)(c.Faces(ctx, gallery, ids[2], face.Page{}))
	name := "Ann Lee"
	if moved := made[face.Stored](t)(c.MoveFace(ctx, faces.Items[0].ID, &name)); moved.IdentityID == nil || *moved.IdentityID != ids[0] {
		t.Errorf("moved %+v", moved)
	}
	if nobodys := made[face.Stored](t)(c.MoveFace(ctx, faces.Items[0].ID, nil)); nobodys.Identity != nil {
		t.Errorf("moved %+v", nobodys)
	}
	if err := c.DeleteFace(ctx, faces.Items[0].ID); err != nil {
		t.Error(err)
	}
	if _, err := c.Face(ctx, faces.Items[0].ID); face.CodeOf(err) != face.NotFound {
		t.Errorf("erased: %v", err)
	}
	if err := c.DeleteIdentity(ctx, gallery, ids[0]); err != nil {
		t.Error(err)
	}
	if err := c.DeleteGallery(ctx, gallery); err != nil {
		t.Error(err)
	}
	if list := made[client.List[face.Gallery]](t)(c.Galleries(ctx, face.Page{})); len(list.Items) != 0 {
		t.Errorf("left are %+v", list)
	}
}

// The client queues a folder, and an archive of it, and sees what comes of them.
func TestClientJobs(t *testing.T) {
	t.Parallel()
	ctx, dir, v := t.Context(), sampleDir(t), newVisage(t)
	c := clientOf(t, serveProcess(v, "--ingest-root", dir).url)
	queued := made[client.Queued](t)(c.Enqueue(ctx, client.Order{Folder: "people", Gallery: "folder"}))
	if queued.Jobs != 1 || queued.Left != 6 {
		t.Fatalf("queued %+v", queued)
	}
	sent := made[client.Queued](t)(c.Enqueue(ctx, client.Order{Archive: tarOf(t, filepath.Join(dir, "people")), Gallery: "archive"}))
	if ended := made[client.Job](t)(c.CancelJob(ctx, sent.IDs[0])); ended.State != "cancelled" {
		t.Errorf("cancelled %+v", ended)
	}
	v.do("worker", "--until-empty")
	if job := made[client.Job](t)(c.Job(ctx, queued.IDs[0])); job.State != "done" || job.Finished == nil || len(job.Report) == 0 {
		t.Errorf("job %+v", job)
	}
	if jobs, counts, err := c.Jobs(ctx, 5, "done", "cancelled"); err != nil || len(jobs) != 2 || counts["done"] != 1 {
		t.Errorf("jobs %+v, %v, %v", jobs, counts, err)
	}
	if _, err := c.Enqueue(ctx, client.Order{Folder: "../elsewhere"}); face.CodeOf(err) != face.NotFound {
		t.Errorf("elsewhere: %v", err)
	}
}
