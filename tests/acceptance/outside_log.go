// Reads JSON requests, one a line, about notes and proofs of a log; answers each with the text
// or the error that golang.org/x/mod/sumdb gives.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Kind          string
	Vkey, Note    string
	Name, Text    string
	Entry         []byte
	Index         int64
	Size, OldSize int64
	Root, OldRoot []byte
	Proof         [][]byte
}

func hash(b []byte) (h tlog.Hash) { copy(h[:], b); return }

func hashes(list [][]byte) (out []tlog.Hash) {
	for _, b := range list {
		out = append(out, hash(b))
	}
	return
}

func check(r request) (string, error) {
	switch r.Kind {
	case "open":
		v, err := note.NewVerifier(r.Vkey)
		if err != nil {
			return "", err
		}
		n, err := note.Open([]byte(r.Note), note.VerifierList(v))
		if err != nil {
			return "", err
		}
		return n.Text, nil
	case "inclusion":
		return "", tlog.CheckRecord(hashes(r.Proof), r.Size, hash(r.Root), r.Index, tlog.RecordHash(r.Entry))
	case "consistency":
		return "", tlog.CheckTree(hashes(r.Proof), r.Size, hash(r.Root), r.OldSize, hash(r.OldRoot))
	case "sign":
		skey, vkey, err := note.GenerateKey(rand.Reader, r.Name)
		if err != nil {
			return "", err
		}
		s, err := note.NewSigner(skey)
		if err != nil {
			return "", err
		}
		signed, err := note.Sign(&note.Note{Text: r.Text}, s)
		return vkey + "\x00" + string(signed), err
	}
	return "", fmt.Errorf("unknown kind")
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		decoder := json.NewDecoder(strings.NewReader(lines.Text()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&r); err != nil {
			panic(err)
		}
		text, err := check(r)
		answer := map[string]string{"text": text, "error": ""}
		if err != nil {
			answer["error"] = err.Error()
		}
		out.Encode(answer)
	}
}
