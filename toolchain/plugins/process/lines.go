package process

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// longest is the maximum length of an emitted line; longer ones are split. (Upstream stops
// reading at 64 KiB, and its command then hangs forever.)
const longest = 1 << 20

// lines splits what is written to it into lines.
type lines struct {
	emit func(string)
	rest []byte
}

func (l *lines) Write(text []byte) (int, error) {
	written := len(text)
	for {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			break
		}
		l.rest = append(l.rest, text[:end]...)
		l.flush()
		text = text[end+1:]
	}
	l.rest = append(l.rest, text...)
	for len(l.rest) >= longest {
		piece := l.rest[:longest]
		l.emit(valid(string(piece)))
		l.rest = append([]byte(nil), l.rest[longest:]...)
	}
	return written, nil
}

// flush emits what is left, a last line without a newline.
func (l *lines) flush() {
	if line := strings.TrimSuffix(string(l.rest), "\r"); line != "" && l.emit != nil {
		l.emit(valid(line))
	}
	l.rest = l.rest[:0]
}

// tail keeps the last bytes of all that is written to it, from several writers.
type tail struct {
	limit   int
	mutex   sync.Mutex
	kept    []byte
	dropped int
}

func (t *tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, text...)
	if over := len(t.kept) - t.limit; over > 0 {
		t.dropped += over
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.dropped == 0 {
		return string(t.kept)
	}
	return fmt.Sprintf("(%d bytes before)...%s", t.dropped, t.kept)
}
