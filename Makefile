# Every verb is one line onto dotnet or a script in eng/ or hack/; every verb can be run twice.
.PHONY: build lint test up demo down e2e bench publish images fuzz soak docs ci
build:   ; @eng/build
lint:    ; @eng/lint
test:    ; @eng/test $(FILTER)
up:      ; @eng/up
demo:    ; @eng/demo
down:    ; @eng/down
e2e:     ; @eng/e2e
bench:   ; @eng/bench
publish: ; @eng/publish
images:  ; @eng/images
fuzz:    ; @eng/fuzz
soak:    ; @eng/soak
docs:    ; @eng/docs
ci:      ; @eng/ci
