// Reads JSON requests, one a line, about notes and proofs of a log; answers each with the text
// or the error that golang.org/x/mod/sumdb gives.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Kind          string
	Vkey, Note    string
	Name, Text    string
	Url           string
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

// A log that is read as c2sp.org/tlog-tiles says: Go's own tiles, but for the height in their paths.
type served struct {
	url  string
	kept map[string][]byte
}

func (s served) get(path string) ([]byte, error) {
	if kept, ok := s.kept[path]; ok {
		return kept, nil
	}
	answer, err := http.Get(s.url + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	s.kept[path], err = io.ReadAll(answer.Body)
	return s.kept[path], err
}

func (s served) Height() int                     { return 8 }
func (s served) SaveTiles([]tlog.Tile, [][]byte) {}
func (s served) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, t := range tiles {
		one, err := s.get(strings.Replace(t.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		data = append(data, one)
	}
	return
}

func (s served) entries(n, size int64) (list [][]byte, err error) {
	t := tlog.Tile{H: 8, L: 0, N: n, W: 256}
	if size < (n+1)*256 {
		t.W = int(size % 256)
	}
	data, err := s.get(strings.Replace(t.Path(), "tile/8/0/", "tile/entries/", 1))
	for err == nil && len(data) > 0 {
		end := 2 + int(binary.BigEndian.Uint16(data))
		list, data = append(list, data[2:end]), data[end:]
	}
	if err == nil && len(list) != t.W {
		err = fmt.Errorf("a bundle of %d entries instead of %d", len(list), t.W)
	}
	return
}

// Opens the head, proves that it extends an older one, and every single entry of it.
func readLog(r request) (string, error) {
	s := served{r.Url, map[string][]byte{}}
	signed, err := s.get("checkpoint")
	if err != nil {
		return "", err
	}
	text, err := check(request{Kind: "open", Vkey: r.Vkey, Note: string(signed)})
	if err != nil {
		return "", err
	}
	lines := strings.Split(text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return "", err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return "", err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: hash(root)}, s)
	grown, err := tlog.ProveTree(size, r.OldSize, reader)
	if err != nil {
		return "", err
	}
	if err := tlog.CheckTree(grown, size, hash(root), r.OldSize, hash(r.OldRoot)); err != nil {
		return "", err
	}
	for first := int64(0); first < size; first += 256 {
		entries, err := s.entries(first/256, size)
		if err != nil {
			return "", err
		}
		for n, entry := range entries {
			proof, err := tlog.ProveRecord(size, first+int64(n), reader)
			if err != nil {
				return "", err
			}
			err = tlog.CheckRecord(proof, size, hash(root), first+int64(n), tlog.RecordHash(entry))
			if err != nil {
				return "", err
			}
		}
	}
	return lines[1], nil
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
	case "log":
		return readLog(r)
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
