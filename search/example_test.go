package search_test

import (
	"context"
	"fmt"
	"log"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

var exampleSpace = face.Space{Recognizer: "Example", Weights: "0123456789abcdef", Profile: face.Native, Dim: 3, Unit: true}

func exampleTemplate(x, y, z float32) face.Template {
	return face.Template{Space: exampleSpace, Vector: []float32{x, y, z}}
}

func ExampleDistance() {
	for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
		d, err := search.Distance(metric, []float32{3, 4}, []float32{4, 3})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %.4f\n", metric, d)
	}
	// Output:
	// cosine 0.0400
	// euclidean 1.4142
	// euclidean_l2 0.2828
	// angular 0.0903
}

func ExampleConvertThreshold() {
	cosine := face.Threshold{Metric: face.Cosine, Distance: 0.68, Source: "serengil/deepface, VGG-Face"}
	l2, err := search.ConvertThreshold(cosine, face.EuclideanL2, exampleSpace)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f (%s)\n", l2.Distance, l2.Source)
	// Output: 1.166 (serengil/deepface, VGG-Face; derived from cosine 0.68)
}

func ExampleChooseThreshold() {
	known := face.Thresholds{
		{Metric: face.Cosine, Distance: 0.68, Source: "serengil/deepface, VGG-Face"},
		{Metric: face.EuclideanL2, Distance: 1.17, Source: "serengil/deepface, VGG-Face"},
	}
	for _, metric := range []face.Metric{face.EuclideanL2, face.Angular} {
		t, err := search.ChooseThreshold(known, metric, exampleSpace)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %.3f (%s)\n", t.Metric, t.Distance, t.Source)
	}
	// Output:
	// euclidean_l2 1.170 (serengil/deepface, VGG-Face)
	// angular 0.396 (serengil/deepface, VGG-Face; derived from cosine 0.68)
}

func ExampleMinMax() {
	fmt.Println(search.MinMax([]float32{-1, 0, 1, 5}, -1, 3))
	// Output: [0 0.25 0.5 1]
}

func ExampleUnitLength() {
	fmt.Println(search.UnitLength([]float32{3, -4}))
	// Output: [0.6 -0.8]
}

func ExampleConfidence() {
	threshold := face.Threshold{Metric: face.Cosine, Distance: 0.6}
	for _, d := range []float64{0, 0.3, 0.6, 1.3, 2} {
		fmt.Println(d, search.Confidence(threshold, d))
	}
	// Output:
	// 0 100
	// 0.3 75
	// 0.6 50
	// 1.3 25
	// 2 0
}

func ExampleVerify() {
	a := face.Photo{Width: 640, Height: 480, Templates: []face.Template{exampleTemplate(0.6, 0.8, 0)}}
	b := face.Photo{Width: 640, Height: 480, Templates: []face.Template{exampleTemplate(0, 0, 1), exampleTemplate(0.8, 0.6, 0)}}
	got, err := search.Verify(a, b, search.VerifyOptions{
		Threshold: face.Threshold{Metric: face.Cosine, Distance: 0.5, Source: "example"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%t, %.2f of %.2f\n", got.Verified, got.Distance, got.Threshold)
	// Output: true, 0.04 of 0.50
}

func ExampleSearcher_Find() {
	store := search.NewExact()
	for name, t := range map[string]face.Template{
		"sample-01": exampleTemplate(0.6, 0.8, 0),
		"sample-02": exampleTemplate(0, 0, 1),
	} {
		photo := face.Enrolment{
			Image:     face.Image{Path: name + ".jpg", Identity: name},
			Space:     exampleSpace,
			Templates: []face.Template{t},
		}
		if err := store.Enrol(face.DefaultGallery, photo); err != nil {
			log.Fatal(err)
		}
	}
	searcher, err := search.NewSearcher(search.Config{Gallery: store})
	if err != nil {
		log.Fatal(err)
	}
	probes := []face.Template{exampleTemplate(0.8, 0.6, 0)}
	found, err := searcher.Find(context.Background(), probes, search.FindOptions{
		Threshold: face.Threshold{Metric: face.Cosine, Distance: 0.5, Source: "example"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range found.Results[0] {
		fmt.Printf("%s %.2f %s\n", m.Identity, m.Distance, m.Decision)
	}
	// Output:
	// sample-01 0.04 match
	// sample-02 1.00 unknown
}
