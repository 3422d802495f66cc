package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
)

const (
	// partLoad is the share of what the service can do at the most that it is asked for.
	partLoad = 0.7
	// silent and slow are how many connections of a crowd say nothing, and how many
	// begin a request that they do not end.
	silent, slow = 2_000, 100
)

// paced measures how long requests take that do not wait for each other.
func (t *apiTrial) paced(ctx context.Context, w *way) (bench.Result, error) {
	rate := partLoad * w.most
	var rounds bench.Rounds
	requests := 0
	for round := range t.rounds {
		timings, err := bench.Paced(ctx, rate, t.length, uint64(round), inTurn(w.served))
		if err != nil {
			return bench.Result{}, err
		}
		requests += len(timings[0])
		rounds.Values = append(rounds.Values, milliseconds(timings, 0.99))
		rounds.References = append(rounds.References, milliseconds(timings, 0.5))
	}
	notes := fmt.Sprintf("%.1f requests a second, %d in all", rate, requests)
	return rounds.Result(w.name+".load70", "ms", "the 50th of 100", notes), nil
}

// crowded measures what many connections that ask for nothing cost another client.
func (t *apiTrial) crowded(ctx context.Context, w *way) (bench.Result, error) {
	var rounds bench.Rounds
	one := func(into *[]float64) error {
		timings, err := bench.Load(ctx, 1, bench.Span{Counted: t.length}, inTurn(w.served))
		if err == nil {
			*into = append(*into, milliseconds(timings, 0.99))
		}
		return err
	}
	for range t.rounds {
		if err := one(&rounds.References); err != nil {
			return bench.Result{}, err
		}
		leave, err := t.crowd(ctx)
		if err == nil {
			err = one(&rounds.Values)
		}
		leave()
		if err != nil {
			return bench.Result{}, err
		}
	}
	notes := fmt.Sprintf("%d silent connections and %d slow ones", silent, slow)
	return rounds.Result(w.name+".crowd", "ms", "the same without a crowd", notes), nil
}

// crowd connects, silently and slowly, until the caller has it leave.
func (t *apiTrial) crowd(ctx context.Context) (leave func(), err error) {
	var all []net.Conn
	leave = func() {
		for _, c := range all {
			_ = c.Close() // the service closes those that are too slow
		}
	}
	for n := range silent + slow {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(t.url, "http://"))
		if err != nil {
			return leave, face.Wrap(face.Unavailable, err, "bench api: open connection %d of %d", n+1, silent+slow)
		}
		all = append(all, c)
		if n < silent {
			continue
		}
		_, err = io.WriteString(c, "POST /represent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
		if err != nil {
			return leave, face.Wrap(face.Unavailable, errors.Join(err, ctx.Err()), "bench api: begin a request")
		}
	}
	return leave, nil
}

// inTurn sends the requests of a way one after the other.
func inTurn(request func(ctx context.Context, n int) error) func(context.Context) error {
	var sent atomic.Int64
	return func(ctx context.Context) error { return request(ctx, int(sent.Add(1)-1)) }
}

// milliseconds is within how many the share q of all requests was answered.
func milliseconds(t bench.Timings, q float64) float64 {
	return float64(t.Quantile(q).Microseconds()) / 1000
}
