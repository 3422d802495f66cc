package httpapi_test

import (
	"testing"

	"github.com/visagedb/visage/internal/httpapi"
)

// Below /v1 a picture of a face is left out and listed, or flagged, and never enrolled
// by a request that looks for it.
func TestSpoofsBelowV1(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	w := a.want(201, "POST", ann+"/faces", fields{"photos": []string{encoded("10"), encoded("910")}, "anti_spoofing": true})
	if w.text("results.0.status") != "enrolled" || w.text("results.1.error.code") != "spoof" {
		t.Errorf("enrolled %s", w.Body)
	}
	if w := a.want(201, "POST", ann+"/faces", fields{"photo": encoded("11 911"), "anti_spoofing": true, "faces": "all", "quality": "any"}); len(w.list("results.0.faces")) != 1 || len(w.list("results.0.assessed")) != 1 ||
		len(w.list("results.0.left_out")) != 1 || w.text("results.0.left_out.0.code") != "spoof" || w.value("results.0.left_out.0.is_real") != false {
		t.Errorf("of two: %s", w.Body)
	}
	a.refused(a.ask("POST", ann+"/faces", fields{"photo": encoded("912"), "anti_spoofing": true}), 422, "spoof", "picture of a face")
	a.refused(a.ask("POST", ann+"/faces", fields{"embedding": drawnVector(13), "space": drawnSpace.Name(), "anti_spoofing": true}), 422, "invalid", "template")

	const search = "/v1/galleries/g/search"
	template, id := fields{"embedding": drawnVector(13), "space": drawnSpace.Name()}, fields{"face_id": w.text("results.0.faces.0.id")}
	for name, value := range (fields{"faces": "all", "quality": "any", "min_quality": 0.5, "detector": "opencv", "model": "M"}) {
		a.refused(a.ask("POST", ann+"/faces", template.with(name, value)), 422, "invalid", name+" says how to look at photographs")
	}
	for name, value := range (fields{"max_faces": 1, "same_person": true}) {
		a.refused(a.ask("POST", search, template.with(name, value)), 422, "invalid", name, "embedding")
		a.refused(a.ask("POST", search, id.with(name, value)), 422, "invalid", name, "face_id")
	}
	found := a.want(200, "POST", search, fields{"photo": encoded("12 910"), "anti_spoofing": true})
	if len(found.list("results")) != 1 || found.value("probes.0.is_real") != true || len(found.list("spoofs")) != 1 || found.value("spoofs.0.is_real") != false {
		t.Errorf("found %s", found.Body)
	}
	if w := a.want(200, "POST", search, fields{"photos": []string{encoded("12"), encoded("910")}, "anti_spoofing": true, "spoofs": "flag"}); len(w.list("results")) != 2 || w.value("probes.1.is_real") != false || w.text("probes.1.image") != "1" || w.value("spoofs") != nil {
		t.Errorf("flagged %s", w.Body)
	}
	if w := a.want(200, "POST", search, fields{"photo": encoded("910")}); w.value("probes.0.is_real") != nil {
		t.Errorf("unasked %s", w.Body)
	}
	a.refused(a.ask("POST", search, fields{"photos": []string{encoded("12"), encoded("910")}, "anti_spoofing": true}), 422, "spoof", "photograph 1")
	a.refused(a.ask("POST", search, fields{"photo": encoded("12"), "spoofs": "flag"}), 422, "invalid", "anti_spoofing")
	a.refused(a.ask("POST", search, fields{"embedding": drawnVector(12), "space": drawnSpace.Name(), "spoofs": "flag"}), 422, "invalid", "anti_spoofing")
	a.refused(a.ask("POST", search, fields{"embedding": drawnVector(12), "space": drawnSpace.Name(), "anti_spoofing": true}), 422, "invalid", "template")

	verified := a.want(200, "POST", ann+"/verify", fields{"photo": encoded("12 910"), "anti_spoofing": true})
	if verified.value("verified") != true || verified.value("is_real") != true || len(verified.list("spoofs")) != 1 {
		t.Errorf("verified %s", verified.Body)
	}
	a.refused(a.ask("POST", ann+"/verify", fields{"photo": encoded("910"), "anti_spoofing": true}), 422, "spoof")
	a.want(202, "POST", "/v1/jobs", fields{"folder": "staff", "anti_spoofing": true})
	if got := <-a.stub.orders; got != (httpapi.JobOrder{Gallery: "default", Folder: "staff", Live: true}) {
		t.Errorf("ordered %+v", got)
	}
}
