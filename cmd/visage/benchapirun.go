package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
)

// apiTrial is a service that is asked in several ways.
type apiTrial struct {
	*apiBench
	url    string
	length time.Duration
	ways   []*way
}

// way is something that is served, and the same without HTTP: the n-th of its requests.
type way struct {
	name, against, notes string
	served, alone        func(ctx context.Context, n int) error
	most                 float64 // that were served in a second
}

// posted is a request as it is sent again and again.
type posted struct {
	path, kind string
	body       []byte
}

// searchRequests are those for the probes.
func (t *apiTrial) searchRequests(s *searchTrial) ([]posted, error) {
	threshold := s.threshold.Distance
	if s.threshold.Metric == "" {
		threshold = madeUpThreshold
	}
	sent := make([]posted, len(s.probes))
	for i, p := range s.probes {
		body, err := json.Marshal(map[string]any{
			"embedding": p.Vector, "space": s.query.Space.Name(), "k": s.query.Limit, "min_recall": t.minRecall, "threshold": threshold,
		})
		if err != nil {
			return nil, face.Wrap(face.Internal, err, "bench api: write a search")
		}
		sent[i] = posted{"/v1/galleries/" + url.PathEscape(t.gallery) + "/search", "application/json", body}
	}
	return sent, nil
}

// representRequest sends a photograph as a form's file.
func representRequest(photo []byte) (posted, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("img", "photo")
	if err == nil {
		_, err = part.Write(photo)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return posted{}, face.Wrap(face.Internal, err, "bench api: write a form")
	}
	return posted{"/represent", w.FormDataContentType(), body.Bytes()}, nil
}

// post sends requests over connections that stay open, and reads the answers.
func (t *apiTrial) post(requests []posted) func(context.Context, int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return func(ctx context.Context, n int) error {
		one := requests[n%len(requests)]
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+one.path, bytes.NewReader(one.body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", one.kind)
		answer, err := client.Do(r)
		if err != nil {
			return face.Wrap(face.Unavailable, err, "bench api: ask the service")
		}
		defer answer.Body.Close() // it is read
		text, err := io.ReadAll(answer.Body)
		if err == nil && answer.StatusCode != http.StatusOK {
			err = face.Errorf(face.Unavailable, "bench api: the service answered %d: %s", answer.StatusCode, text)
		}
		return err
	}
}

// run measures all ways in turn, after a round that is not counted.
func (t *apiTrial) run(ctx context.Context, clients int) ([]bench.Result, error) {
	results := make([]bench.Result, 0, len(t.ways))
	for _, w := range t.ways {
		var served, alone speeds
		for round := range 1 + t.rounds {
			for _, turn := range []struct {
				into    *speeds
				request func(context.Context, int) error
			}{{&served, w.served}, {&alone, w.alone}} {
				timings, err := bench.Load(ctx, clients, bench.Span{Counted: t.length}, inTurn(turn.request))
				if err != nil {
					return nil, err
				}
				if round > 0 {
					turn.into.add(timings)
				}
			}
		}
		name := w.name
		if clients > 1 {
			name += fmt.Sprintf(".clients%d", clients)
		}
		notes := fmt.Sprintf("%s; alone %s; %s", served.text(), alone.text(), w.notes)
		w.most = max(w.most, bench.Median(served.rounds))
		results = append(results, bench.Rounds{Values: served.rounds, References: alone.rounds}.Result(name, "1/s", w.against, notes))
	}
	return results, nil
}
