package org.sluice.itest;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Reports what ran in the container, so that Failsafe counts, prints and fails every in-container test. */
class ContainerResultsIT {
    @TestFactory
    List<DynamicTest> container() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path report : reports()) {
            NodeList cases = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(report.toFile())
                    .getElementsByTagName("testcase");
            for (int i = 0; i < cases.getLength(); i++) {
                tests.add(replay((Element) cases.item(i)));
            }
        }
        assertNotEquals(0, tests.size(), "the container ran no test");
        return tests;
    }

    private static DynamicTest replay(Element testCase) {
        String name = testCase.getAttribute("classname") + "." + testCase.getAttribute("name");
        return dynamicTest(name, () -> {
            for (String kind : List.of("failure", "error")) {
                NodeList problems = testCase.getElementsByTagName(kind);
                if (problems.getLength() > 0) {
                    fail(problems.item(0).getTextContent());
                }
            }
            if (testCase.getElementsByTagName("skipped").getLength() > 0) {
                abort("skipped in the container");
            }
        });
    }

    private static List<Path> reports() throws IOException {
        try (var files = Files.walk(Path.of("target/test-reports"))) {
            return files.filter(file -> file.getFileName().toString().matches("TEST-.*\\.xml"))
                    .sorted()
                    .toList();
        }
    }
}
