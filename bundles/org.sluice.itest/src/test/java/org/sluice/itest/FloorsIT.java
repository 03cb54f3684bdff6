package org.sluice.itest;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.osgi.framework.Constants;

/** Keeps the floors: no bundle imports upwards or from a sibling, neither in its manifest nor in its classes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FloorsIT {
    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPaths(House.modules().stream().map(House::classes).toList());

    static TreeSet<String> modules() {
        return House.modules();
    }

    @Test
    void everyBundleHasAFloor() {
        assertThat(House.modules()).containsExactlyInAnyOrderElementsOf(House.FLOORS.keySet());
    }

    @ParameterizedTest
    @MethodSource("modules")
    void manifestImportsOnlyFromFloorsBelow(String module) {
        assertThat(imports(House.manifests().get(module)))
                .filteredOn(imported -> imported.startsWith("org.sluice."))
                .extracting(House::ownerOf)
                .allSatisfy(owner -> assertThat(owner.equals(module) || isBelow(owner, module))
                        .as("%s (floor %d) imports from %s (floor %d)", module, floor(module), owner, floor(owner))
                        .isTrue());
    }

    @ParameterizedTest
    @MethodSource("modules")
    void manifestExportsOnlyVersionedContracts(String module) {
        Manifest manifest = House.manifests().get(module);
        String exports = manifest.getMainAttributes().getValue(Constants.EXPORT_PACKAGE);
        boolean contract =
                List.of("api", "spi", "trace", "process", "vendor.msm").contains(module);
        assertThat(exports != null).as("exports of %s: %s", module, exports).isEqualTo(contract);
        if (exports != null) {
            assertThat(names(exports))
                    .allSatisfy(name -> assertThat(exports)
                            .containsPattern(java.util.regex.Pattern.quote(name) + ";[^,]*version=\"[1-9]"));
        }
    }

    @ParameterizedTest
    @MethodSource("modules")
    void manifestSaysWhoseItIs(String module) {
        var attributes = House.manifests().get(module).getMainAttributes();
        assertThat(attributes.getValue("Bundle-License")).startsWith("Apache-2.0");
        assertThat(attributes.getValue("Bundle-SCM")).contains("url=");
        assertThat(attributes.getValue("Bundle-Developers")).isNotBlank();
        assertThat(attributes.getValue("Bundle-Description")).isNotBlank();
        assertThat(attributes.getValue("Bundle-SymbolicName")).isEqualTo("org.sluice." + module);
    }

    @Test
    void classesDependOnlyOnFloorsBelow() {
        for (String module : House.modules()) {
            classes()
                    .that(belongTo(module))
                    .should()
                    .onlyDependOnClassesThat(describe(
                            "are of " + module + ", a floor below or not ours",
                            dependency -> !isOurs(dependency)
                                    || House.ownerOf(dependency.getPackageName())
                                            .equals(module)
                                    || isBelow(House.ownerOf(dependency.getPackageName()), module)))
                    .allowEmptyShould(true)
                    .check(classes);
        }
    }

    @Test
    void bundlesHaveNoCycles() {
        slices().matching("org.sluice.(**)")
                .namingSlices("$1")
                .should()
                .beFreeOfCycles()
                .check(classes.that(describe(
                        "are contracts",
                        type -> resideInAPackage("org.sluice.spi..")
                                .or(resideInAPackage("org.sluice.api.."))
                                .test(type))));
    }

    private static DescribedPredicate<JavaClass> belongTo(String module) {
        return describe(
                "belong to " + module,
                type -> isOurs(type) && House.ownerOf(type.getPackageName()).equals(module));
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().startsWith("org.sluice.");
    }

    private static boolean isBelow(String owner, String module) {
        return floor(owner) < floor(module);
    }

    private static int floor(String module) {
        return House.FLOORS.get(module);
    }

    private static List<String> imports(Manifest manifest) {
        String header = manifest.getMainAttributes().getValue(Constants.IMPORT_PACKAGE);
        return header == null ? List.of() : names(header);
    }

    /** Package names of a manifest header: what stands before the first attribute of each clause, outside quotes. */
    private static List<String> names(String header) {
        List<String> names = new ArrayList<>();
        for (String clause : header.split(",(?=([^\"]*\"[^\"]*\")*[^\"]*$)")) {
            for (String part : clause.split(";(?=([^\"]*\"[^\"]*\")*[^\"]*$)")) {
                if (!part.contains("=")) {
                    names.add(part.trim());
                }
            }
        }
        return names;
    }
}
