package org.sluice.tck;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;
import org.sluice.spi.pgtable.PageTableConfig;

/** Runs a case with each configuration; a case that ends well is followed by what must hold after any. */
final class Configurations implements TestTemplateInvocationContextProvider {
    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return true;
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext context) {
        PageTableFormatTck suite = (PageTableFormatTck) context.getRequiredTestInstance();
        FormatUnderTest subject = suite.underTest();
        return subject.configs().stream().map(config -> new Invocation(subject, config, suite));
    }

    private record Invocation(FormatUnderTest subject, PageTableConfig config, PageTableFormatTck suite)
            implements TestTemplateInvocationContext {
        @Override
        public String getDisplayName(int index) {
            return String.format(
                    "%s sizes 0x%x, %d to %d bits, quirks 0x%x%s",
                    subject.name(),
                    config.pageSizes(),
                    config.inputBits(),
                    config.outputBits(),
                    config.quirks(),
                    config.coherentWalk() ? "" : ", not coherent");
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(new TrialOfOneCase(new Trial(subject, config, suite.memory())));
        }
    }

    private record TrialOfOneCase(Trial trial) implements ParameterResolver, AfterTestExecutionCallback {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Trial.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return trial;
        }

        @Override
        public void afterTestExecution(ExtensionContext context) {
            if (context.getExecutionException().isEmpty()) {
                trial.finish();
            }
        }
    }
}
